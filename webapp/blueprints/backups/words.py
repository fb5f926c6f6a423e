"""What the page of backups calls why one was made and how it ended."""

from webapp.http.locale import lazy
from webapp.persistence.backups import BackupFault, BackupOccasion

OCCASIONS = {
    BackupOccasion.SCHEDULED: lazy("hằng ngày"),
    BackupOccasion.COMMAND: lazy("lệnh trên máy chủ"),
    BackupOccasion.UPGRADE: lazy("trước khi nâng cấp"),
    BackupOccasion.PERSON: lazy("quản trị bấm Sao lưu ngay"),
}
FAULTS = {
    BackupFault.DISK_FULL: lazy("đĩa đầy"),
    BackupFault.FOLDER: lazy("thư mục không ghi được"),
    BackupFault.DATABASE: lazy("cơ sở dữ liệu không chép ra được"),
    BackupFault.UNVERIFIED: lazy("đọc lại không khớp"),
}
