from __future__ import annotations

from pathlib import Path

from autopack.processes.toolchains import find_toolchains


def program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def test_an_installed_prefix_is_bound_whole_and_a_plain_folder_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program(home / "venv" / "bin" / "tool")
    (home / "venv" / "pyvenv.cfg").touch()
    program(home / "project" / "bin" / "tool")
    found = find_toolchains(path=f"{home}/venv/bin:{home}/project/bin:/usr/bin", user_home=home, private=())
    assert home / "venv" in found.folders
    assert home / "project" / "bin" in found.folders
    assert home / "project" not in found.folders
    assert found.path == f"{home}/venv/bin:{home}/project/bin:/usr/bin"


def test_the_home_and_what_holds_it_are_never_bound(tmp_path: Path) -> None:
    home = tmp_path / "users" / "me"
    for folder in (home / "bin", home / ".local" / "bin", tmp_path / "users" / "bin"):
        program(folder / "tool")
    for folder in (home / "lib", home / ".local" / "lib", tmp_path / "users" / "lib"):
        folder.mkdir()
    path = f"{home}/bin:{home}/.local/bin:{tmp_path}/users/bin:{home}:/usr/bin"
    found = find_toolchains(path=path, user_home=home, private=())
    assert set(found.folders) & {home, home / ".local", tmp_path / "users", tmp_path} == set()
    assert {home / "bin", home / ".local" / "bin", tmp_path / "users" / "bin"} <= set(found.folders)
    assert str(home) not in found.path.split(":")


def test_folders_of_credentials_are_never_bound_even_through_a_link(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program(home / ".config" / "tool" / "bin" / "tool")
    (home / ".aws").mkdir()
    (home / "innocent").symlink_to(home / ".aws")
    path = f"{home}/.config/tool/bin:{home}/innocent:/usr/bin"
    found = find_toolchains(path=path, user_home=home, private=())
    assert not any(str(folder).startswith(str(home)) for folder in found.folders)
    assert found.path == "/usr/bin"


def test_what_holds_a_private_folder_is_not_bound(tmp_path: Path) -> None:
    prefix = tmp_path / "srv"
    program(prefix / "bin" / "tool")
    (prefix / "lib").mkdir()
    private = prefix / "autopack" / "workspaces" / "run" / "home"
    found = find_toolchains(path=f"{prefix}/bin", user_home=tmp_path / "home", private=(private,))
    assert prefix not in found.folders
    assert prefix / "bin" in found.folders


def test_the_installation_behind_a_linked_interpreter_is_bound(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program(tmp_path / "pythons" / "3.12" / "bin" / "python3.12")
    (tmp_path / "pythons" / "3.12" / "lib").mkdir()
    (home / "links").mkdir(parents=True)
    (home / "links" / "python3").symlink_to(tmp_path / "pythons" / "3.12" / "bin" / "python3.12")
    found = find_toolchains(path=f"{home}/links", user_home=home, private=())
    assert tmp_path / "pythons" / "3.12" in found.folders


def test_known_places_under_the_home_are_bound_with_their_variables(tmp_path: Path) -> None:
    for name in (".pyenv", ".rustup", ".cargo/bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".cargo" / "credentials.toml").write_text("secret")
    found = find_toolchains(path="/usr/bin", user_home=tmp_path, private=())
    assert {tmp_path / ".pyenv", tmp_path / ".rustup", tmp_path / ".cargo" / "bin"} <= set(found.folders)
    assert tmp_path / ".cargo" not in found.folders
    assert found.env == {"PYENV_ROOT": str(tmp_path / ".pyenv"), "RUSTUP_HOME": str(tmp_path / ".rustup")}
