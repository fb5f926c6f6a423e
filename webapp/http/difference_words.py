"""What happens to a row, in words, on every page that previews changes."""

from webapp.http.locale import lazy
from webapp.typed_tables.differences import Kind

KINDS = {
    Kind.ADDED: lazy("thêm"),
    Kind.CHANGED: lazy("đổi"),
    Kind.REMOVED: lazy("xóa"),
    Kind.MOVED: lazy("đổi thứ tự"),
}
BADGES = {Kind.ADDED: "done", Kind.CHANGED: "attention", Kind.REMOVED: "problem", Kind.MOVED: "neutral"}
