"""The API's description put to use: a client with a function for every operation, which checks each answer against its schema.

Its own file because it is made from openapi.json alone: what that does not say, this client cannot do.
"""
import json
import math
import re
from urllib.parse import quote


class Mismatch(AssertionError):
    pass


class Schemas:
    """Checks values against the schemas of a description; knows the words that ours uses, and refuses others."""
    KNOWN = {"type", "enum", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "minimum",
             "maximum", "oneOf", "pattern", "patternProperties", "maxLength", "description", "default", "$ref",
             "contentMediaType", "contentSchema"}
    KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}

    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while "$ref" in schema:
            found = self.document
            for key in schema["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            schema = found
        return schema

    def is_kind(self, value, kind):
        if kind in ("integer", "number"):
            good = isinstance(value, (int, float)) and not isinstance(value, bool)
            return good and (math.isfinite(value) if kind == "number" else isinstance(value, int))
        return isinstance(value, self.KINDS[kind])

    def check(self, value, schema, where="answer"):
        schema = self.resolve(schema)
        unknown = set(schema) - self.KNOWN
        if unknown:
            raise Mismatch(f"{where}: the description says {unknown}, which nothing here checks")
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(self.is_kind(value, kind) for kind in kinds):
            raise Mismatch(f"{where}: {value!r} is no {' or '.join(kinds)}")
        if "enum" in schema and value not in schema["enum"]:
            raise Mismatch(f"{where}: {value!r} is none of {schema['enum']}")
        if "oneOf" in schema and sum(self.fits(value, one) for one in schema["oneOf"]) != 1:
            raise Mismatch(f"{where}: {value!r} is not one of what it may be")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if not schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf):
                raise Mismatch(f"{where}: {value} is out of its bounds")
        if isinstance(value, str):
            if len(value) > schema.get("maxLength", math.inf) or not re.search(schema.get("pattern", ""), value):
                raise Mismatch(f"{where}: {value!r} is too long or of the wrong form")
        if isinstance(value, list):
            self.check_list(value, schema, where)
        if isinstance(value, dict):
            self.check_object(value, schema, where)

    def fits(self, value, schema):
        try:
            self.check(value, schema)
        except Mismatch:
            return False
        return True

    def check_list(self, value, schema, where):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
            raise Mismatch(f"{where}: {len(value)} are too few or too many")
        for index, one in enumerate(value):
            self.check(one, schema.get("items", {}), f"{where}[{index}]")

    def check_object(self, value, schema, where):
        missing = set(schema.get("required", [])) - set(value)
        if missing:
            raise Mismatch(f"{where}: {missing} are missing")
        for key, one in value.items():
            patterns = [inner for pattern, inner in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
            if key in schema.get("properties", {}):
                self.check(one, schema["properties"][key], f"{where}.{key}")
            elif patterns:
                self.check(one, patterns[0], f"{where}.{key}")
            elif schema.get("additionalProperties", True) is False:
                raise Mismatch(f"{where}: {key} is not in the description")


class Client:
    """client.getBatch(batch=3), client.createBatch(content=("type", bytes)), client.savePreset(name="a", json={...})"""

    def __init__(self, server, document):
        self.server, self.schemas, self.called = server, Schemas(document), set()
        for path, methods in document["paths"].items():
            shared = methods.get("parameters", [])
            for method, operation in methods.items():
                if method != "parameters":
                    call = self.make(method.upper(), path, operation, shared + operation.get("parameters", []))
                    setattr(self, operation["operationId"], call)

    def make(self, method, path, operation, parameters):
        parameters = [self.schemas.resolve(one) for one in parameters]

        def call(json=None, content=None, headers=None, **values):
            self.called.add(operation["operationId"])
            target, query, sent = path, [], dict(headers or {})
            for one in parameters:
                if one["name"] in values:
                    value = values.pop(one["name"])
                    self.schemas.check(value, one["schema"], one["name"])
                    if one["in"] == "path":
                        target = target.replace("{%s}" % one["name"], quote(str(value), safe=""))
                    else:
                        query.append(f"{one['name']}={quote(str(value))}")
            assert not values, f"{operation['operationId']} has no {values}"
            body = None
            if json is not None:
                self.schemas.check(json, operation["requestBody"]["content"]["application/json"]["schema"], "request")
                body = json
            if content:
                assert content[0].split(";")[0] in operation["requestBody"]["content"]
                sent["Content-Type"], body = content
            answer = self.server.request(method, target + ("?" + "&".join(query) if query else ""), body, headers=sent)
            self.check_answer(operation, answer)
            return answer
        return call

    def check_answer(self, operation, answer):
        responses = operation["responses"]
        expected = self.schemas.resolve(responses.get(str(answer.status), responses["default"]))
        kinds = expected.get("content", {})
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        if not kinds:
            assert not answer.body, f"{operation['operationId']}: a body where none is described"
            return
        fitting = kind if kind in kinds else kind.split("/")[0] + "/*" if kind.split("/")[0] + "/*" in kinds else "*/*"
        if fitting not in kinds:
            raise Mismatch(f"{operation['operationId']}: {answer.status} is {kind}: {answer.body[:300]}")
        if kind.endswith("json"):
            self.schemas.check(json.loads(answer.body), kinds[fitting]["schema"], operation["operationId"])
