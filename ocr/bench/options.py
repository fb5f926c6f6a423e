"""What can be asked of the measuring; knows nothing of pictures, so that every command may import it."""

import argparse
from pathlib import Path


def add_bench_options(parser: argparse.ArgumentParser) -> None:
    """What can be asked of the measuring, for this command and for `chamdiem bench`."""
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.add_argument("--sheets", type=int, default=10, help="số tờ phiếu mỗi độ phân giải (mặc định 10)")
    parser.add_argument("--rounds", type=int, default=5, help="số lần đo mỗi việc (mặc định 5)")
    parser.add_argument("--pages", type=int, default=1000, help="đọc liền bao nhiêu trang (mặc định 1000)")
    parser.add_argument("--markdown", action="store_true", help="in ra Markdown, cho docs/bench.md")
