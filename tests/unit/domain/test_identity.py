import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.domain.errors import NoTenant
from shoal.domain.identity import Claims, is_tenant, tenant_of

USER = {
    "sub": "0",
    "username": "ada",
    "cognito:groups": "[tenant:acme]",
    "scope": "shoal/jobs:read",
}


@pytest.mark.parametrize(
    "groups", ["[tenant:acme other]", "tenant:acme", ["other", "tenant:acme"], "[tenant:acme]"]
)
def test_the_tenant_is_the_users_one_group_however_it_is_rendered(groups: object) -> None:
    assert Claims.of(USER | {"cognito:groups": groups}).tenant == "acme"


@pytest.mark.parametrize(
    "groups",
    ["", "[]", [], "[other]", "[tenant:a tenant:b]", "[tenant:]", "[tenant:A]", "[tenant:a/b]", 7],
)
def test_none_or_several_tenants_are_refused(groups: object) -> None:
    with pytest.raises(NoTenant):
        _ = Claims.of(USER | {"cognito:groups": groups}).tenant


def test_the_same_group_twice_is_one() -> None:
    assert tenant_of(["tenant:a", "tenant:a"]) == "a"


def test_scopes_are_those_of_this_api() -> None:
    claims = Claims.of(USER | {"scope": "openid shoal/jobs:read other/jobs:write jobs:write"})

    assert claims.scopes == {"jobs:read"}


def test_the_scope_admin_is_a_users_only_in_the_group_admins() -> None:
    asked = USER | {"scope": "shoal/jobs:read shoal/admin"}

    assert Claims.of(asked).scopes == {"jobs:read"}
    assert "admin" in Claims.of(asked | {"cognito:groups": "[tenant:acme admins]"}).scopes


def test_a_client_that_is_its_own_subject_is_a_machine() -> None:
    claims = Claims.of({"sub": "c", "client_id": "c", "scope": "shoal/admin"})

    assert (claims.name, claims.machine, set(claims.scopes)) == ("c", "c", {"admin"})
    assert Claims.of(USER | {"client_id": "c"}).machine is None
    assert Claims.of({}).machine is None


@given(st.text())
def test_a_tenants_name_is_safe_in_keys_and_paths(name: str) -> None:
    if is_tenant(name):
        assert name.isascii()
        assert not set(name) & set("#/:. \n\x00")
