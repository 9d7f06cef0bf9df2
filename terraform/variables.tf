variable "alert_emails" {
  description = "Where alerts and the budget's warnings go. Empty: alerts are only shown in the console."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for one in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", one))])
    error_message = "alert_emails: each must be an e-mail address."
  }
}

variable "app_check" {
  description = "Firebase App Check of Firestore: OFF, UNENFORCED (measured only) or ENFORCED. ENFORCED locks out clients that send no App Check token, the page in web/ among them until it is given the site key."
  type        = string
  default     = "OFF"

  validation {
    condition     = contains(["OFF", "UNENFORCED", "ENFORCED"], var.app_check)
    error_message = "app_check: legal are OFF, UNENFORCED, ENFORCED."
  }
}

variable "audit_data_access" {
  description = "Whether reads and writes of objects, documents and secrets are in the audit log. Each file makes several entries, which Cloud Logging charges for beyond its free volume."
  type        = bool
  default     = true
}

variable "billing_account" {
  description = "Billing account (012345-6789AB-CDEF01) that the budget belongs to; null: no budget."
  type        = string
  default     = null

  validation {
    condition     = var.billing_account == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account: expected the form 012345-6789AB-CDEF01, as `gcloud billing accounts list` shows it."
  }
}

variable "binary_authorization" {
  description = "Whether Cloud Run starts only images that Cloud Build of this project has built (attestor built-by-cloud-build)."
  type        = bool
  default     = false
}

variable "budget" {
  description = "Sum a month, in the currency of the billing account, of which 50, 90 and 100 % are told by e-mail. A budget warns; it stops nothing."
  type        = number
  default     = 100

  validation {
    condition     = var.budget > 0
    error_message = "budget: must be above 0; without a budget, leave out billing_account."
  }
}

variable "burned_in" {
  description = "What ingest does where BurnedInAnnotation is YES: refuse, mask or allow."
  type        = string
  default     = "refuse"

  validation {
    condition     = contains(["refuse", "mask", "allow"], var.burned_in)
    error_message = "burned_in: legal are refuse, mask, allow."
  }
}

variable "cpu_only" {
  description = "Whether models run on the CPU. For projects without a quota for L4 GPUs, and for small models."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether Firestore, Cloud Run and what is in the buckets are guarded against `terraform destroy`. docs/deploy.md says how to tear down."
  type        = bool
  default     = true
}

variable "encryption" {
  description = "Keys of one's own (CMEK) for buckets, topics, Firestore, registry, secrets and Cloud Run, changed every so many days; null: Google's. Firestore and the registry take a key only when they are created."
  type        = object({ rotation_days = optional(number, 90) })
  default     = null

  validation {
    condition     = try(var.encryption.rotation_days, 90) >= 1 && try(var.encryption.rotation_days, 90) <= 365
    error_message = "encryption.rotation_days: legal are 1 to 365."
  }
}

variable "explain_as_own_service" {
  description = "Whether explanations run in a service of their own, which scales alone, instead of beside predictions on the same device, where many of them make predictions wait."
  type        = bool
  default     = true
}

variable "firestore_location" {
  description = "Location of the database, such as nam5 or eur3; null: the region. It can never be changed."
  type        = string
  default     = null
}

variable "images" {
  description = "Images of the inference container by kind (cpu, gpu, …), each named by its digest. Cloud Build writes them to images.auto.tfvars.json."
  type        = map(string)

  validation {
    condition     = alltrue([for one in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", one))])
    error_message = "images: each must end in @sha256:<64 hex digits>; a tag may mean another image tomorrow."
  }
}

variable "inference" {
  description = "Size of one instance, and how many requests it takes at once: at least a batch, or the batch never fills. A GPU asks for 4 CPUs and 16 GiB at least."
  type = object({
    batch_size  = optional(number, 8)
    concurrency = optional(number, 16)
    cpu         = optional(number, 4)
    memory_gib  = optional(number, 16)
  })
  default = {}

  validation {
    condition     = var.inference.concurrency >= var.inference.batch_size && var.inference.concurrency <= 1000
    error_message = "inference.concurrency: must be batch_size or more, and at most 1000."
  }
  validation {
    condition     = var.cpu_only || (contains([4, 8], var.inference.cpu) && var.inference.memory_gib >= 16 && var.inference.memory_gib <= 32)
    error_message = "inference: with an L4 GPU legal are 4 or 8 CPUs and 16 to 32 GiB."
  }
}

variable "ingress" {
  description = "Where requests to the pipeline may come from: all (IAM decides), or internal (Pub/Sub of this project or of its VPC Service Controls perimeter; canaries of Cloud Build then need a private pool). The function api is always reachable: browsers ask it."
  type        = string
  default     = "all"

  validation {
    condition     = contains(["all", "internal"], var.ingress)
    error_message = "ingress: legal are all, internal."
  }
}

variable "max_delivery_attempts" {
  description = "After so many failed deliveries a message becomes a dead letter."
  type        = number
  default     = 10

  validation {
    condition     = var.max_delivery_attempts >= 5 && var.max_delivery_attempts <= 20
    error_message = "max_delivery_attempts: legal are 5 to 20. Pub/Sub takes no fewer than 5, and more would hide a defect for hours."
  }
}

variable "model_buckets" {
  description = "Buckets with artifacts of bundles whose model.yaml says gs://…; the inference service may read them."
  type        = set(string)
  default     = []
}

variable "models" {
  description = <<-EOT
    What is served, by the name of its bundle (models/<name>/model.yaml). Another model is another entry:
      image          key of `images`; default gpu, or cpu with cpu_only
      max_instances  the most instances of its service (models that share one: the largest counts)
      min_instances  instances kept warm, and paid for
      project        group of people who see its results (custom claim `projects`)
      routes         folders of the landing bucket beside the model's own name
      service        Cloud Run service; models that name the same one share its instances
  EOT
  type = map(object({
    image         = optional(string)
    max_instances = optional(number, 3)
    min_instances = optional(number, 0)
    project       = optional(string, "default")
    routes        = optional(list(string), [])
    service       = optional(string, "inference")
  }))
  default = { cxr-pneumonia = { routes = ["cxr"] } }

  validation {
    condition     = length(var.models) > 0
    error_message = "models: name at least one."
  }
  validation {
    condition     = alltrue([for name in keys(var.models) : fileexists("${path.module}/../models/${name}/model.yaml")])
    error_message = "models: each key must be the name of a folder in models/ with a model.yaml."
  }
  validation {
    condition     = length(flatten([for name, one in var.models : concat([name], one.routes)])) == length(distinct(flatten([for name, one in var.models : concat([name], one.routes)])))
    error_message = "models: a route leads to one model; two entries name the same one, or the name of another model."
  }
  validation {
    condition     = alltrue([for one in var.models : one.min_instances >= 0 && one.max_instances >= 1 && one.min_instances <= one.max_instances])
    error_message = "models: min_instances must be 0 or more and not above max_instances."
  }
  validation {
    condition     = alltrue([for one in var.models : can(regex("^[a-z][a-z0-9-]{0,29}$", one.service)) && !endswith(one.service, "-explain")])
    error_message = "models: a service is 1 to 30 lower-case letters, digits and hyphens, and its name does not end in -explain."
  }
  validation {
    condition     = alltrue([for one in var.models : can(regex("^[A-Za-z0-9._-]{1,64}$", one.project))])
    error_message = "models: a project is 1 to 64 letters, digits, `.`, `_` and `-`."
  }
}

variable "p95_seconds" {
  description = "Seconds in which 95 of 100 requests of a stage should be answered; above them an alert is raised."
  type = object({
    explain = optional(number, 60)
    ingest  = optional(number, 15)
    predict = optional(number, 10)
  })
  default = {}
}

variable "page_origins" {
  description = "Further origins (https://…) whose pages may ask the function api and upload, beside the page of this deployment."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for one in var.page_origins : can(regex("^https://[^/*]+$", one))])
    error_message = "page_origins: each must be https:// and a host, without a path or a star."
  }
}

variable "prefix" {
  description = "First part of the names of what is made here. Topics have fixed names."
  type        = string
  default     = "dropsight"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,12}$", var.prefix))
    error_message = "prefix: 3 to 13 lower-case letters, digits and hyphens."
  }
}

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project: expected a project id such as acme-imaging-1, not its name or number."
  }
}

variable "region" {
  description = "Region of everything. With GPUs, one that has L4s on Cloud Run."
  type        = string
  default     = "us-central1"
}

variable "repository" {
  description = "Repository of Cloud Build, connected once in the console: projects/…/locations/…/connections/…/repositories/…; null: no triggers."
  type        = string
  default     = null

  validation {
    condition     = var.repository == null || can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+/repositories/[^/]+$", var.repository))
    error_message = "repository: expected projects/…/locations/…/connections/…/repositories/…"
  }
}

variable "retention_days" {
  description = "Days until objects are deleted; null: never. Frames of the work bucket are needed to explain further labels later."
  type = object({
    landing = optional(number)
    results = optional(number)
    work    = optional(number, 30)
  })
  default = {}
}

variable "sign_in" {
  description = "How people sign in on the page: password, google.com. Google is switched on in the Firebase console (docs/deploy.md)."
  type        = list(string)
  default     = ["password"]

  validation {
    condition     = length(var.sign_in) > 0 && alltrue([for one in var.sign_in : contains(["google.com", "password"], one)])
    error_message = "sign_in: legal are google.com, password; at least one."
  }
}

variable "uploaders" {
  description = "Who may drop files with `gcloud storage cp`: IAM members such as user:ada@example.org or serviceAccount:…"
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for one in var.uploaders : can(regex("^(user|group|serviceAccount|principal|principalSet):", one))])
    error_message = "uploaders: user:…, group:…, serviceAccount:…, principal:… or principalSet:…; never allUsers."
  }
}

variable "webhooks" {
  description = "Who is told of changes of results: name to https address."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, url in var.webhooks : can(regex("^[a-z][a-z0-9-]{0,39}$", name)) && startswith(url, "https://")])
    error_message = "webhooks: names are 1 to 40 lower-case letters, digits and hyphens; addresses begin with https://."
  }
}
