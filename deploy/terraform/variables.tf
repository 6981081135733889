variable "region" {
  type        = string
  default     = "sa-east-1"
  description = "AWS region of everything."
}

variable "environment" {
  type        = string
  default     = "production"
  description = "Part of every name, so that several may stand side by side."
}

variable "cidr" {
  type        = string
  default     = "10.20.0.0/16"
  description = "Addresses of the network; the Kubernetes overlay's network.yaml names the same."
}

variable "zones" {
  type        = number
  default     = 3
  description = "Availability zones to spread over."
}

variable "database_class" {
  type        = string
  default     = "db.t4g.medium"
  description = "Instance class of Postgres."
}

variable "queue_class" {
  type        = string
  default     = "cache.t4g.small"
  description = "Node type of the queue."
}

variable "node_types" {
  type        = list(string)
  default     = ["m7i.xlarge", "m6i.xlarge"]
  description = "Instance types of the cluster's nodes (x86-64, as the images)."
}

variable "fewest_nodes" {
  type        = number
  default     = 3
  description = "The cluster's nodes as long as nothing adds any: these carry all but further scorers."
}

variable "most_nodes" {
  type        = number
  default     = 6
  description = "Upper bound of the cluster's nodes."
}

variable "api_cidrs" {
  type        = list(string)
  description = "Who may reach the cluster's API, e.g. [\"203.0.113.7/32\"]."
}

variable "admin_arns" {
  type        = list(string)
  default     = []
  description = "IAM users and roles that may use the cluster's API, beside whoever makes the cluster."
}

variable "release_repository" {
  type        = string
  default     = ""
  description = "OWNER/NAME on GitHub, whose release workflow may deploy; empty: none may."
}

variable "temporary_days" {
  type        = number
  default     = 30
  description = "Batch results are removed after so many days."
}

variable "report_days" {
  type        = number
  default     = 400
  description = "Reports of the monitor are removed after so many days."
}

locals {
  name = "delivery-time-${var.environment}"
}
