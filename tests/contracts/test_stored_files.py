"""A backup takes along every file that the database names: a new column that names one must be told to it."""

from webapp.persistence.all_tables import Base
from webapp.persistence.stored_files import NAMING_COLUMNS

NO_FILES = {
    "submission.receipt_sha256": "of the receipt's figures",
    "folder_file.sha256": "of a file that batch_file names too",
    "reading.template_sha256": "of a form's layout, which lies among the forms",
    "index_version.sha256": "of a snapshot that the row holds",
    "index_version.result_sha256": "of a result that the row holds",
    "scheme_version.sha256": "of a scheme that the row holds",
    "certainty_decision.sha256": "of limits that the row holds",
    "version_bands.sha256": "of figures that the row holds",
}


def test_every_hash_is_a_file_or_known_to_be_none() -> None:
    hashes = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("sha256")
    }
    named = {f"{column.class_.__tablename__}.{column.key}" for column in NAMING_COLUMNS}
    assert hashes == named | set(NO_FILES)
