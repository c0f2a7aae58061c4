"""AWS's Secrets Manager, SQS and SNS for the tests. The judge is AWS's own: botocore's signer makes each request's
signature anew, and botocore's service models say what a request and an answer may be. What is behind is in memory."""

import base64
import calendar
import hashlib
import http.server
import json
import re
import threading
import time
import urllib.parse
import uuid
from xml.sax.saxutils import escape

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from tests.receivers import Listener

ACCESS, SECRET, REGION, ACCOUNT = "AKIASLUICE", "sluice/secret+key", "eu-west-1", "000000000000"
CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                        r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
# Debian's botocore knows SQS by the Query protocol only; these are what later ones say of it
JSON_OF = {"sqs": ("AmazonSQS", "1.0")}


class Refusal(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def verify(path, headers, body, known, word):
    """The service and region that a request is signed for, by botocore's signer."""
    found = CREDENTIAL.fullmatch(headers.get("authorization", ""))
    if not found:
        raise Refusal("MissingAuthenticationToken", headers.get("authorization", "none"), 403)
    access, day, region, service, signed, signature = found.groups()
    signed = signed.split(";")
    if access != known:
        raise Refusal("UnrecognizedClientException", access, 403)
    if signed != sorted(set(signed)) or not {"host", "x-amz-date"} <= set(signed):
        raise Refusal("IncompleteSignature", str(signed), 403)
    loose = [h for h in headers if h.startswith("x-amz-") and h not in signed]
    if loose:
        raise Refusal("SignatureDoesNotMatch", f"not signed: {loose}", 403)
    stamp = headers["x-amz-date"]
    age = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.time()
    if abs(age) > 300 or stamp[:8] != day:
        raise Refusal("RequestExpired", stamp, 403)
    request = AWSRequest("POST", f"http://{headers['host']}{path}", {h: headers[h] for h in signed}, body)
    request.context.update(timestamp=stamp, signing={})
    signer = botocore.auth.SigV4Auth(Credentials(known, word), service, region)
    canonical = signer.canonical_request(request)
    if signer.signature(signer.string_to_sign(request, canonical), request) != signature:
        raise Refusal("SignatureDoesNotMatch", f"expected\n{canonical}", 403)
    return service, region


def judge(shape, value, what):
    report = ParamValidator().validate(value, shape)
    if report.has_errors():
        raise Refusal("ValidationException", f"{what}: {report.generate_report()}")


def from_query(shape, fields, prefix=""):
    """The inverse of botocore's Query serializer; takes what it reads out of fields."""
    kind = shape.type_name
    if kind == "structure":
        members = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            members[name] = from_query(member, fields, f"{prefix}.{wire}" if prefix else wire)
        members = {k: v for k, v in members.items() if v is not None}
        return members if members or not prefix else None
    if kind in ("list", "map"):
        flat = shape.serialization.get("flattened")
        if kind == "list":
            base = prefix if flat else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
            items = []
            while (item := from_query(shape.member, fields, f"{base}.{len(items) + 1}")) is not None:
                items.append(item)
            return items or None
        base = prefix if flat else f"{prefix}.entry"
        key, value = (s.serialization.get("name", n) for s, n in ((shape.key, "key"), (shape.value, "value")))
        pairs = {}
        while (name := fields.pop(f"{base}.{len(pairs) + 1}.{key}", None)) is not None:
            pairs[name] = from_query(shape.value, fields, f"{base}.{len(pairs) + 1}.{value}")
        return pairs or None
    text = fields.pop(prefix, None)
    if text is None:
        return None
    return {"integer": int, "boolean": "true".__eq__, "blob": base64.b64decode}.get(kind, str)(text)


def to_xml(shape, value, tag):
    if shape.type_name == "structure":
        inner = "".join(to_xml(shape.members[k], v, shape.members[k].serialization.get("name", k))
                        for k, v in value.items())
        return f"<{tag}>{inner}</{tag}>"
    return f"<{tag}>{escape(str(value))}</{tag}>"


class Aws:
    """A context manager. secrets: name to text; queues: name to messages; published: what SNS was given; calls: the
    names of what was asked; refused: what the judge did not take; faults: refusals to come, by operation."""

    def __init__(self, secrets=(), access=ACCESS, secret=SECRET, region=REGION):
        self.access, self.secret, self.region = access, secret, region
        self.secrets, self.queues, self.published = dict(secrets), {}, []
        self.calls, self.refused, self.faults = [], [], {}
        self.lock = threading.Condition()
        self.session = botocore.session.get_session()
        self.models = {}

    def __enter__(self):
        aws = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                status, kind, answer = aws.answer(self.path, self.headers, self.rfile)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # who asked has gone

        self.server = Listener(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def environment(self):
        return {"AWS_ENDPOINT_URL_SECRETS_MANAGER": self.endpoint, "AWS_ENDPOINT_URL_SQS": self.endpoint,
                "AWS_ENDPOINT_URL_SNS": self.endpoint, "AWS_REGION": self.region, "AWS_ACCESS_KEY_ID": self.access,
                "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}

    # ---- the wire ----

    def model(self, service):
        if service not in self.models:
            self.models[service] = self.session.get_service_model(service)
        return self.models[service]

    def read(self, service, headers, body):
        """Operation and parameters, as the service's protocol has them."""
        model = self.model(service)
        if "x-amz-target" in headers:
            prefix, version = JSON_OF.get(service) or (model.metadata["targetPrefix"], model.metadata["jsonVersion"])
            given, _, name = headers["x-amz-target"].rpartition(".")
            if given != prefix or headers["content-type"] != f"application/x-amz-json-{version}":
                raise Refusal("UnknownOperationException", f"{headers['x-amz-target']}, {headers['content-type']}")
            return model.operation_model(name), json.loads(body)
        if headers["content-type"] != "application/x-www-form-urlencoded" or model.metadata["protocol"] != "query":
            raise Refusal("MalformedInput", headers["content-type"])
        fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        operation = model.operation_model(fields.pop("Action"))
        if fields.pop("Version", None) != model.metadata["apiVersion"]:
            raise Refusal("NoSuchVersion", "Version")
        parameters = from_query(operation.input_shape, fields)
        if fields:
            raise Refusal("MalformedQueryString", f"not in the model: {sorted(fields)}")
        return operation, parameters

    def answer(self, path, raw_headers, stream):
        headers = {k.lower(): v.strip() for k, v in raw_headers.items()}
        body = stream.read(int(headers.get("content-length") or 0))
        is_json = "x-amz-target" in headers
        try:
            service, region = verify(path, headers, body, self.access, self.secret)
            if region != self.region:
                raise Refusal("SignatureDoesNotMatch", f"Credential should be scoped to {self.region}", 403)
            operation, parameters = self.read(service, headers, body)
            judge(operation.input_shape, parameters, "request")
            with self.lock:
                self.calls.append(operation.name)
                if self.faults.get(operation.name):
                    raise self.faults[operation.name].pop(0)
                result = getattr(self, operation.name)(**parameters) or {}
                self.lock.notify_all()
            if operation.output_shape:
                judge(operation.output_shape, result, "THE DOUBLE'S OWN FAULT")
            if is_json:
                return 200, "application/x-amz-json-1.0", json.dumps(result).encode()
            return 200, "text/xml", self.xml(operation, result).encode()
        except Refusal as refusal:
            self.refused.append(str(refusal))
            if is_json:
                text = json.dumps({"__type": "com.amazonaws#" + refusal.code, "message": refusal.message})
                return refusal.status, "application/x-amz-json-1.0", text.encode()
            text = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.code}</Code><Message>"
                    f"{escape(refusal.message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>")
            return refusal.status, "text/xml", text.encode()

    def xml(self, operation, result):
        space = self.model(operation.service_model.service_name).metadata.get("xmlNamespace", "")
        tag = operation.output_shape.serialization.get("resultWrapper", operation.name + "Result")
        inner = to_xml(operation.output_shape, result, tag)
        return (f'<{operation.name}Response xmlns="{space}">{inner}<ResponseMetadata><RequestId>r</RequestId>'
                f"</ResponseMetadata></{operation.name}Response>")

    # ---- Secrets Manager ----

    def GetSecretValue(self, SecretId):
        if SecretId not in self.secrets:
            raise Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return {"ARN": f"arn:aws:secretsmanager:{self.region}:{ACCOUNT}:secret:{SecretId}-AbCdEf", "Name": SecretId,
                "SecretString": self.secrets[SecretId], "VersionId": str(uuid.uuid4()), "VersionStages": ["AWSCURRENT"]}

    # ---- SNS ----

    def Publish(self, **message):
        self.published.append(message)
        return {"MessageId": str(uuid.uuid4())}

    # ---- SQS ----

    def queue(self, name):
        """Its URL."""
        self.queues.setdefault(name, [])
        return f"{self.endpoint}/{ACCOUNT}/{name}"

    def send(self, name, body):
        with self.lock:
            self.queues[name].append({"id": str(uuid.uuid4()), "body": body, "due": 0, "handle": None, "received": 0})
            self.lock.notify_all()

    def held(self, QueueUrl):
        name = QueueUrl.rsplit("/", 1)[1]
        if name not in self.queues:
            raise Refusal("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        return self.queues[name]

    def ReceiveMessage(self, QueueUrl, MaxNumberOfMessages=1, VisibilityTimeout=30, WaitTimeSeconds=0, **_):
        messages, deadline, given = self.held(QueueUrl), time.monotonic() + WaitTimeSeconds, []
        while not given:
            for message in messages:
                if message["due"] <= time.monotonic() and len(given) < MaxNumberOfMessages:
                    message.update(due=time.monotonic() + VisibilityTimeout, handle=str(uuid.uuid4()),
                                   received=message["received"] + 1)
                    given.append(message)
            left = deadline - time.monotonic()
            if given or left <= 0:
                break
            self.lock.wait(min(left, 0.2))
        return {"Messages": [
            {"MessageId": m["id"], "ReceiptHandle": m["handle"], "Body": m["body"],
             "MD5OfBody": hashlib.md5(m["body"].encode()).hexdigest(),
             "Attributes": {"ApproximateReceiveCount": str(m["received"])}} for m in given]} if given else {}

    def DeleteMessage(self, QueueUrl, ReceiptHandle):
        messages = self.held(QueueUrl)
        messages[:] = [m for m in messages if m["handle"] != ReceiptHandle]

    def ChangeMessageVisibility(self, QueueUrl, ReceiptHandle, VisibilityTimeout):
        for message in self.held(QueueUrl):
            if message["handle"] == ReceiptHandle:
                message["due"] = time.monotonic() + VisibilityTimeout
                return
        raise Refusal("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
