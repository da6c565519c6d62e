import subprocess
import sys


def test_functions_that_import_shoal_do_not_pay_for_the_sdk() -> None:
    code = "import sys, shoal.domain.ids; sys.exit('pydantic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603 - our own code

    assert done.returncode == 0


def test_an_unknown_name_is_an_attribute_error() -> None:
    code = "import shoal\ntry: shoal.nothing\nexcept AttributeError: print('told')"

    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    assert done.stdout == "told\n"
