"""Definitions are read once: moto parses and checks them anew for each machine, description and execution."""

from functools import lru_cache
from typing import Any

from moto.stepfunctions.parser.asl.parse import asl_parser
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

KEPT = 256


def install() -> None:
    """Let moto ask for what is known already."""
    backend: Any = StepFunctionsParserBackend
    backend._validate_definition = staticmethod(lru_cache(KEPT)(backend._validate_definition))
    asl_parser.AmazonStateLanguageParser.parse = staticmethod(_parse)


def _parse(definition: str) -> tuple[Any, Any]:
    """A program that nobody else runs, of a tree that nobody changes. Raises moto's ASLParserException."""
    tree = _tree(definition)
    return asl_parser.Preprocessor().visit(tree), tree


@lru_cache(KEPT)
def _tree(definition: str) -> Any:
    complaints = asl_parser.SyntaxErrorListener()
    lexer = asl_parser.ASLLexer(asl_parser.InputStream(definition))
    parser = asl_parser.ASLParser(asl_parser.CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.addErrorListener(complaints)
    tree = parser.state_machine()
    if complaints.errors:
        raise asl_parser.ASLParserException(errors=complaints.errors)
    return tree
