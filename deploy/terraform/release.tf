# The release workflow proves by GitHub's own token which repository and environment it runs for.
resource "aws_iam_openid_connect_provider" "github" {
  count          = var.release_repository == "" ? 0 : 1
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "release" {
  count = var.release_repository == "" ? 0 : 1
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github[0].arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.release_repository}:environment:production"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "release" {
  count              = var.release_repository == "" ? 0 : 1
  name               = "${local.name}-release"
  assume_role_policy = data.aws_iam_policy_document.release[0].json
}

# Enough for `aws eks update-kubeconfig`; what it may do in the cluster, its access entry says.
resource "aws_iam_role_policy" "release" {
  count = var.release_repository == "" ? 0 : 1
  name  = "cluster"
  role  = aws_iam_role.release[0].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "eks:DescribeCluster", Resource = aws_eks_cluster.main.arn }]
  })
}
