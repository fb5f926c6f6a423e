"""The administrator's page: accounts, new passwords, sessions."""

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.blueprints.users.forms import OUTSIDE, NewUserForm
from webapp.errors import InvalidInput
from webapp.http import access, htmx
from webapp.http.access import Permission
from webapp.http.collation import searchable
from webapp.http.context import current_session, current_user, find_campaign, now
from webapp.http.htmx import go_to
from webapp.http.locale import _
from webapp.persistence.accounts import User
from webapp.services import accounts

blueprint = Blueprint("users", __name__, url_prefix="/nguoi-dung")
_INVALID = 422


def load_account(session: Session, _user: User, user_id: int) -> User:
    """Any account: the permission to manage users covers all of them."""
    return accounts.find_user(session, user_id)


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
    password = accounts.make_password()
    try:
        user = accounts.create_user(
            current_session(), current_user().username, form.account(), password, now()
        )
    except InvalidInput as error:
        form.form_errors.append(_(error.message, **error.values))
        return _list_page(form, _INVALID)
    return _slip(user, password)


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
        wanted=wanted,
        now=now(),
    )


def _is_found(person: User, wanted: str) -> bool:
    """Whether name, username or unit hold what was typed; accents and case do not matter."""
    unit = person.unit.name if person.unit is not None else ""
    return searchable(wanted.strip()) in searchable(f"{person.display_name} {person.username} {unit}")


def _slip(user: User, password: str) -> str:
    """The slip of paper for the first sign-in."""
    address = url_for("accounts.show_sign_in", _external=True)
    return render_template("users/slip.html", person=user, password=password, address=address)
