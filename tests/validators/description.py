#!/usr/bin/env python3
"""The API's description before openapi-spec-validator.

  python description.py URL

Accepts it as OpenAPI 3.1, holds each example of a request against the schema beside it, and looks whether the validator refuses
the same description with one thing bent. Exits 1 when anything is not as it should be.
"""
import copy, json, sys, urllib.request
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

if len(sys.argv) != 2:
    sys.exit(__doc__)
document = json.load(urllib.request.urlopen(sys.argv[1]))
operations = [op for item in document["paths"].values() for op in item.values()]
bad = 0


def fault(text):
    global bad
    bad += 1
    print("!", text)


for error in OpenAPIV31SpecValidator(document).iter_errors():
    fault(f"{error.json_path}: {error.message}")
examples = 0
for operation in operations:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for error in OAS31Validator({"components": document["components"], **content["schema"]}).iter_errors(content["example"]):
            fault(f"the example of {operation['operationId']}: {error.message}")
        examples += 1
first = next(iter(document["paths"]))
bends = {
    "an answer without its description": lambda d: d["paths"][first]["get"]["responses"]["200"].pop("description"),
    "a parameter of no place": lambda d: d["paths"]["/api/v1/people"]["get"]["parameters"][0].update({"in": "nowhere"}),
    "a place of the path that nothing describes": lambda d: d["paths"]["/api/v1/people/{id}"]["get"].update(parameters=[]),
    "two operations of one name": lambda d: d["paths"][first]["get"].update(
        operationId=document["paths"]["/api/v1/people"]["get"]["operationId"]),
}
for name, bend in bends.items():
    bent = copy.deepcopy(document)
    bend(bent)
    if not list(OpenAPIV31SpecValidator(bent).iter_errors()):
        fault(f"bent, and not refused: {name}")
if examples == 0:
    fault("no example was looked at")
print(f"{len(operations)} operations, {examples} examples, {len(bends)} bent descriptions refused" if not bad else f"{bad} faults")
sys.exit(bad > 0)
