"""The AWS clients in Python code, found without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.infra.closed_network.use import UNKNOWN, Use, by_client, by_command, is_client

MAKERS = {"client", "resource", "get_client_type"}
HOOK = {"client_type", "resource_type"}  # what a hook of Airflow is told
NAMES = {*HOOK, "service_name"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Clients(ast.NodeVisitor):
    """Collects ``uses`` of AWS in a file, and ``modules``, what it imports: {name: line}.

    What only a type checker reads counts for nothing. A client whose name is a parameter has the
    names that the file gives to that parameter; any other name that is no literal is UNKNOWN.
    """

    def __init__(self, tree: ast.Module, where: str) -> None:
        self.uses: list[Use] = []
        self.modules: dict[str, int] = {}
        self._tree, self._where = tree, where
        self._functions: list[Function] = []
        self.visit(tree)

    def visit_If(self, node: ast.If) -> None:
        checked = "TYPE_CHECKING" in ast.unparse(node.test)
        for part in node.orelse if checked else ast.iter_child_nodes(node):
            self.visit(part)

    def visit_FunctionDef(self, node: Function) -> None:
        self._functions.append(node)
        self.generic_visit(node)
        self._functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._import(name.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in node.names if node.module else []:
            self._import(f"{node.module}.{name.name}", node)

    def visit_Call(self, node: ast.Call) -> None:
        for name in _service(node):
            self._client(name)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Find boto3.client that is handed on: what is called by it, this cannot know."""
        if ast.unparse(node) in ("boto3.client", "boto3.resource") and not self._is_called(node):
            self._use(UNKNOWN, node)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Find kwargs["client_type"] = "ecs", as hooks of Airflow have it."""
        for target in node.targets:
            if isinstance(target, ast.Subscript) and ast.unparse(target.slice).strip("'") in HOOK:
                self._client(node.value)
        self.generic_visit(node)

    def visit_List(self, node: ast.List | ast.Tuple) -> None:
        """Find ["aws", "cloudwatch", …]."""
        words = [element.value for element in node.elts[:2] if isinstance(element, ast.Constant)]
        if len(words) == 2 and words[0] == "aws":
            self.uses += by_command(str(words[1]), self._place(node))
        self.generic_visit(node)

    visit_Tuple = visit_List

    def _client(self, name: ast.expr) -> None:
        if isinstance(name, ast.Constant):
            self.uses.append(by_client(str(name.value), self._place(name)))
            return
        given = list(self._given(name))
        for value in given:
            self.uses.append(by_client(str(value.value), self._place(value)))
        if not given:
            self._use(UNKNOWN, name)

    def _given(self, name: ast.expr) -> Iterator[ast.Constant]:
        """Return the literals which the file's own calls give to a parameter."""
        owner = next((made for made in reversed(self._functions) if _position(made, name) is not None), None)
        for call in ast.walk(self._tree) if owner else []:
            if isinstance(call, ast.Call) and owner and _called(call) == owner.name:
                values = call.args[_position(owner, name) or 0 :][:1]
                yield from (value for value in values if isinstance(value, ast.Constant))

    def _import(self, module: str, node: ast.stmt) -> None:
        self.modules.setdefault(module, node.lineno)
        if module in ("boto3.client", "boto3.resource"):
            self._use(UNKNOWN, node)

    def _is_called(self, node: ast.Attribute) -> bool:
        return any(isinstance(call, ast.Call) and call.func is node for call in ast.walk(self._tree))

    def _use(self, service: str, node: ast.expr | ast.stmt) -> None:
        self.uses.append(Use(service, self._place(node)))

    def _place(self, node: ast.expr | ast.stmt) -> str:
        return f"{self._where}:{node.lineno}"


def _service(call: ast.Call) -> list[ast.expr]:
    """Return what a call names as the service to make a client of."""
    named = [keyword.value for keyword in call.keywords if keyword.arg in NAMES]
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in MAKERS):
        return [keyword.value for keyword in call.keywords if keyword.arg in HOOK]
    first = [*call.args[:1], *named][:1]
    foreign = [value for value in first if isinstance(value, ast.Constant) and not is_client(str(value.value))]
    return [] if foreign and not ast.unparse(call.func).startswith("boto3.") else first


def _position(function: Function, name: ast.expr) -> int | None:
    """Return which argument of a function a name is, not counting self."""
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    return names.index(name.id) if isinstance(name, ast.Name) and name.id in names else None


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def parsed(path: Path, where: str) -> Clients:
    return Clients(ast.parse(path.read_text()), where)
