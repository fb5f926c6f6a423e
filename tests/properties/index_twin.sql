-- The index once more, written apart from webapp.par_index: points → sums → percent → rank, in one statement.
-- Tables: leaf(code, maximum, kind, policy), unit(code), score(unit, leaf, points, aside), weight(leaf, pool, share),
-- feed(question, pool, leaf), option_weight(question, option, share), answer(unit, pool, question, option, n).
WITH question_mean AS (
  SELECT a.unit, a.pool, a.question, SUM(a.n * o.share) / SUM(a.n) AS mean
  FROM answer a JOIN option_weight o ON o.question = a.question AND o.option = a.option
  WHERE a.n > 0 GROUP BY a.unit, a.pool, a.question
), pool_mean AS (
  SELECT q.unit, f.leaf, q.pool, AVG(q.mean) AS mean
  FROM question_mean q JOIN feed f ON f.question = q.question AND f.pool = q.pool
  GROUP BY q.unit, f.leaf, q.pool
), part AS (
  SELECT p.unit, p.leaf, ROUND(l.maximum * SUM(w.share * p.mean) / SUM(w.share) + 1e-9, 2) AS points,
         l.maximum AS applicable
  FROM pool_mean p JOIN weight w ON w.leaf = p.leaf AND w.pool = p.pool JOIN leaf l ON l.code = p.leaf
  GROUP BY p.unit, p.leaf
  UNION ALL
  SELECT s.unit, s.leaf,
         CASE WHEN s.aside AND l.policy = 'full' THEN l.maximum WHEN s.aside THEN 0 ELSE s.points END,
         CASE WHEN s.aside AND l.policy = 'exclude' THEN 0 ELSE l.maximum END
  FROM score s JOIN leaf l ON l.code = s.leaf
), whole AS (
  SELECT u.code, COUNT(p.leaf) AS parts, COALESCE(SUM(p.points), 0) AS total, SUM(p.applicable) AS applicable
  FROM unit u LEFT JOIN part p ON p.unit = u.code GROUP BY u.code
), percent AS (
  SELECT code, total,
         CASE WHEN parts = (SELECT COUNT(*) FROM leaf) AND applicable > 0
              THEN ROUND(100.0 * total / applicable + 1e-9, 2) END AS share
  FROM whole
)
SELECT code, total, share,
       CASE WHEN share IS NOT NULL THEN 1 + (SELECT COUNT(*) FROM percent b WHERE b.share > a.share + 0.001) END
FROM percent a;
