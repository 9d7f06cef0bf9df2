"""The whole error tree.

Errors are sorted by what the platform should do, decided where they are raised:

    DropsightError
    ├── PermanentError            record `failed`, acknowledge: trying again cannot help
    │   ├── UnrecognisedFormat    unrecognised-format    bytes of no format that is read
    │   ├── MalformedFile         malformed-file         the format is known, the file is broken
    │   ├── UnsupportedEncoding   unsupported-encoding   a legal file that no decoder here reads
    │   ├── NoPixels              no-pixels              a file without an image (a report, a plan)
    │   ├── BudgetExceeded        budget-exceeded        larger than a setting allows
    │   ├── ContractRefused       contract-refused       not what the model takes
    │   ├── BurnedInText          burned-in-text         pixels may show the patient's name
    │   ├── NoRoute               no-route               no model for this upload
    │   ├── ObjectGone            object-gone            this generation is no longer stored
    │   ├── MessageInvalid        message-invalid        a message that its schema refuses
    │   ├── ManifestInvalid       manifest-invalid       a model.yaml that cannot be served
    │   ├── ModelUnknown          model-unknown          a model that this container does not hold
    │   ├── ExplanationUnavailable explanation-unavailable  a method that this model cannot answer
    │   ├── InferenceFailed       inference-failed       the model refused or broke on this input
    │   ├── ResultUnknown         result-unknown         no result has this id
    │   ├── ResultDeleted         result-deleted         there was one, and it was deleted
    │   ├── ArtifactUnknown       artifact-unknown       the result has no artifact of this name
    │   ├── AddressUnknown        address-unknown        an HTTP path that nothing answers at
    │   ├── MethodRefused         method-refused         an HTTP method that this path has not
    │   ├── Unauthenticated       unauthenticated        nothing proves who the caller is
    │   ├── AccessRefused         access-refused         this caller may not ask
    │   └── DeliveryExhausted     delivery-exhausted     every attempt failed; a dead letter is kept
    └── TransientError            raise, so that the platform delivers again with backoff
        ├── Overloaded            overloaded             over capacity: come back later
        ├── Draining              draining               shutting down: another one will answer
        ├── LeaseHeld             lease-held             another worker has this request
        ├── PreconditionFailed    precondition-failed    somebody wrote in between
        └── BackendUnavailable    backend-unavailable    storage, queue or database did not answer

The message of an error names the element, what was found, what is legal and what to do, and never
carries a patient's identity: it is shown to clients and written to logs.
"""

from __future__ import annotations

from typing import ClassVar


class DropsightError(Exception):
    """Base of all. `code` is stable and machine-readable; `str(error)` is a sentence for people."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False


class PermanentError(DropsightError):
    """Trying again cannot help: the result becomes `failed` and the message is acknowledged."""


class UnrecognisedFormat(PermanentError):
    code = "unrecognised-format"


class MalformedFile(PermanentError):
    code = "malformed-file"


class UnsupportedEncoding(PermanentError):
    code = "unsupported-encoding"


class NoPixels(PermanentError):
    code = "no-pixels"


class BudgetExceeded(PermanentError):
    code = "budget-exceeded"


class ContractRefused(PermanentError):
    code = "contract-refused"


class BurnedInText(PermanentError):
    code = "burned-in-text"


class NoRoute(PermanentError):
    code = "no-route"


class ObjectGone(PermanentError):
    code = "object-gone"


class MessageInvalid(PermanentError):
    code = "message-invalid"


class ManifestInvalid(PermanentError):
    code = "manifest-invalid"


class ModelUnknown(PermanentError):
    code = "model-unknown"


class ExplanationUnavailable(PermanentError):
    code = "explanation-unavailable"


class InferenceFailed(PermanentError):
    code = "inference-failed"


class ResultUnknown(PermanentError):
    code = "result-unknown"


class ResultDeleted(PermanentError):
    code = "result-deleted"


class ArtifactUnknown(PermanentError):
    code = "artifact-unknown"


class AddressUnknown(PermanentError):
    code = "address-unknown"


class MethodRefused(PermanentError):
    code = "method-refused"


class Unauthenticated(PermanentError):
    code = "unauthenticated"


class AccessRefused(PermanentError):
    code = "access-refused"


class DeliveryExhausted(PermanentError):
    code = "delivery-exhausted"


class TransientError(DropsightError):
    """Raise it: the platform delivers the message again, and at last dead-letters it."""

    retryable = True

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Overloaded(TransientError):
    code = "overloaded"


class Draining(TransientError):
    code = "draining"


class LeaseHeld(TransientError):
    code = "lease-held"


class PreconditionFailed(TransientError):
    code = "precondition-failed"


class BackendUnavailable(TransientError):
    code = "backend-unavailable"
