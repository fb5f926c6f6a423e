"""The administrator's page: accounts, new passwords, sessions, what is held about a person."""

import json

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.users import papers
from webapp.blueprints.users.forms import OUTSIDE, NewUserForm
from webapp.errors import InvalidInput, NotFound
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.collation import searchable
from webapp.http.context import current_session, current_user, find_campaign, now, session_limits
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.http.log import log_reading
from webapp.http.papers import send_file_bytes
from webapp.persistence.accounts import SignInRecord, User
from webapp.services import accounts, personal_data, second_factor, sign_in_brakes, sign_ins
from webapp.services.passwords import make_password

blueprint = Blueprint("users", __name__, url_prefix="/nguoi-dung")
_INVALID = 422


def load_account(session: Session, _user: User, user_id: int) -> User:
    """Any account: the permission to manage users covers all of them."""
    return accounts.find_user(session, user_id)


def load_sign_in(session: Session, _user: User, user_id: int, sign_in_id: int) -> tuple[User, SignInRecord]:
    """An open sign-in of this account."""
    owner = accounts.find_user(session, user_id)
    return owner, sign_ins.find_sign_in(session, owner, sign_in_id)


def load_account_and_kind(session: Session, _user: User, user_id: int, kind: str) -> tuple[User, str]:
    """Any account, and a kind of file that we make."""
    if kind not in {"json", "xlsx"}:
        raise NotFound("Dữ liệu cá nhân có dạng json và xlsx.")
    return accounts.find_user(session, user_id), kind


@blueprint.get("")
@access.policy(Permission.MANAGE_USERS)
def list_accounts() -> Response:
    """Everybody who can sign in, and the form for one more."""
    return _list_page(_new_form())


@blueprint.post("")
@access.policy(Permission.MANAGE_USERS)
def create_account() -> Response | str:
    """A new account; its first password is shown once, to be printed and handed over."""
    form = _new_form()
    if not form.validate():
        return _list_page(form, _INVALID)
    password = make_password()
    try:
        user = accounts.create_user(
            current_session(),
            current_user().username,
            form.account(),
            password,
            now(),
            is_first_password=True,
        )
    except InvalidInput as error:
        form.form_errors.append(_(error.message, **error.values))
        return _list_page(form, _INVALID)
    return _slip(user, password)


@blueprint.post("/phieu-dang-nhap.pdf")
@access.policy(Permission.MANAGE_USERS)
def print_slips() -> Response:
    """First passwords, made anew, for everybody who has not signed in yet: one PDF, never again."""
    waiting = [
        user
        for user in accounts.list_users(current_session())
        if user.must_change_password and user.is_active
    ]
    if not waiting:
        raise InvalidInput("Không có tài khoản nào chờ đăng nhập lần đầu. Chưa có gì thay đổi.")
    actor = current_user().username
    made = [(user, accounts.reset_password(current_session(), actor, user.id, now())) for user in waiting]
    return send_file_bytes(papers.sign_in_slips(made, _sign_in_address()), "pdf", "phieu-dang-nhap")


@blueprint.get("/<int:user_id>")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def show_account(user: User) -> str:
    """One account: its lock, its second step, its open sign-ins, what is held about the person."""
    return render_template(
        "users/account.html",
        person=user,
        locks=sign_in_brakes.find_locks(current_session(), [user.username], now()),
        has_second_factor=second_factor.is_on(current_session(), user),
        sign_ins=sign_ins.list_sign_ins(current_session(), user, now(), session_limits().absolute),
    )


@blueprint.post("/<int:user_id>/mo-tam-khoa")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def unlock(user: User) -> Response:
    """End the lock that wrong passwords have set."""
    sign_ins.unlock(current_session(), current_user().username, user.id, now())
    return _back(user, _("%(name)s đăng nhập được ngay.", name=user.display_name))


@blueprint.post("/<int:user_id>/tat-hai-buoc")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def remove_second_factor(user: User) -> Response:
    """The telephone is lost: the password alone again."""
    second_factor.remove(current_session(), current_user().username, user, now())
    return _back(user, _("Đã tắt đăng nhập hai bước của %(name)s.", name=user.display_name))


@blueprint.post("/<int:user_id>/dang-nhap/<int:sign_in_id>/ket-thuc")
@access.policy(Permission.MANAGE_USERS, scope=load_sign_in)
def end_sign_in(found: tuple[User, SignInRecord]) -> Response:
    """Sign a person out on one computer."""
    user, record = found
    sign_ins.end_one(current_session(), current_user().username, record, now(), session_limits().absolute)
    return _back(user, _("Đã đăng xuất máy ấy."))


@blueprint.get("/<int:user_id>/du-lieu.<kind>")
@access.policy(Permission.MANAGE_USERS, scope=load_account_and_kind)
def export_data(wanted: tuple[User, str]) -> Response:
    """A copy of all that is held about this person."""
    user, kind = wanted
    data = personal_data.account_data(current_session(), user)
    log_reading("personal_data_exported", user.username)
    written = (
        json.dumps(data, ensure_ascii=False, indent=1).encode() if kind == "json" else papers.workbook(data)
    )
    return send_file_bytes(written, kind, f"du-lieu-{user.username}")


@blueprint.get("/<int:user_id>/xoa-ten")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def ask_erasure(user: User) -> str:
    """What an erasure would take away, and what would stay."""
    plan = personal_data.plan_erasure(current_session(), user)
    return render_template("users/erasure.html", person=user, plan=plan)


@blueprint.post("/<int:user_id>/xoa-ten")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def erase_name(user: User) -> Response:
    """Take the name away; the account never opens again."""
    personal_data.erase_account(current_session(), current_user().username, user, now())
    return _back(user, _("Đã xóa tên. Những gì tài khoản này đã ghi vẫn giữ nguyên."))


@blueprint.post("/<int:user_id>/mat-khau")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def reset_password(user: User) -> str:
    """A new password, shown once."""
    password = accounts.reset_password(current_session(), current_user().username, user.id, now())
    return _slip(user, password)


@blueprint.post("/<int:user_id>/dang-xuat")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def end_sessions(user: User) -> Response:
    """Sign a person out everywhere."""
    accounts.end_sessions(current_session(), current_user().username, user.id, now())
    return go_to(
        url_for("users.list_accounts"), _("Đã đăng xuất %(name)s trên mọi máy.", name=user.display_name)
    )


@blueprint.post("/<int:user_id>/noi-cong-tac")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def set_workplace(user: User) -> Response:
    """Where an appraiser works: the unit that this person does not appraise."""
    campaign, chosen = find_campaign(), request.form.get("unit", "")
    units = {str(unit.id): unit.id for unit in (campaign.units if campaign is not None else ())}
    if chosen not in units and chosen != OUTSIDE:
        raise InvalidInput("Chọn một đơn vị của chu kỳ, hoặc “Ngoài các đơn vị được chấm”.")
    actor = current_user().username
    accounts.set_workplace(current_session(), actor, user.id, units.get(chosen), now())
    return go_to(
        url_for("users.list_accounts"), _("Đã ghi nơi công tác của %(name)s.", name=user.display_name)
    )


@blueprint.post("/<int:user_id>/khoa")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def deactivate(user: User) -> Response:
    """Switch an account off; its past work stays."""
    accounts.set_active(current_session(), current_user(), user.id, active=False, now=now())
    return go_to(url_for("users.list_accounts"), _("Đã khóa tài khoản của %(name)s.", name=user.display_name))


@blueprint.post("/<int:user_id>/mo-khoa")
@access.policy(Permission.MANAGE_USERS, scope=load_account)
def activate(user: User) -> Response:
    """Switch an account on again."""
    accounts.set_active(current_session(), current_user(), user.id, active=True, now=now())
    return go_to(url_for("users.list_accounts"), _("Đã mở tài khoản của %(name)s.", name=user.display_name))


def _new_form() -> NewUserForm:
    """The form with the units of the cycle to choose from."""
    form = NewUserForm(request.form if request.method == "POST" else None)
    campaign = find_campaign()
    form.offer_units(campaign.units if campaign is not None else ())
    return form


def _list_page(form: NewUserForm, status: int = 200) -> Response:
    """The page with what was filled in, or only the people who are searched for."""
    people, wanted = accounts.list_users(current_session()), request.args.get("tim", "")
    return htmx.render(
        "users/list.html",
        "users/_accounts.html",
        status,
        form=form,
        people=[person for person in people if _is_found(person, wanted)],
        total=len(people),
        waiting=sum(person.must_change_password and person.is_active for person in people),
        wanted=wanted,
        locks=sign_in_brakes.find_locks(current_session(), (person.username for person in people), now()),
    )


def _is_found(person: User, wanted: str) -> bool:
    """Whether name, username or unit hold what was typed; accents and case do not matter."""
    unit = person.unit.name if person.unit is not None else ""
    return searchable(wanted.strip()) in searchable(f"{person.display_name} {person.username} {unit}")


def _back(user: User, words: str) -> Response:
    return go_to(url_for("users.show_account", user_id=user.id), words)


def _sign_in_address() -> str:
    return url_for("accounts.show_sign_in", _external=True)


def _slip(user: User, password: str) -> str:
    """The slip of paper for the first sign-in."""
    return render_template("users/slip.html", person=user, password=password, address=_sign_in_address())
