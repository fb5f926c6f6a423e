"""How fast printing and reading are on this machine, and where a page's time goes."""
