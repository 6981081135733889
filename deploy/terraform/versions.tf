terraform {
  required_version = ">= 1.9"
  required_providers {
    aws    = { source = "hashicorp/aws", version = "~> 6.0" }
    random = { source = "hashicorp/random", version = "~> 3.7" }
  }
  # The state holds passwords: keep it in an encrypted bucket, e.g.
  #   terraform init -backend-config=bucket=... -backend-config=key=delivery-time -backend-config=region=...
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region
  default_tags { tags = { project = "delivery-time", environment = var.environment } }
}
