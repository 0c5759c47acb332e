# The order in which an image is made. Each stage is a script that can be run alone, with TARGET set:
# TARGET=amd64 image/stages/40-slots.sh
variable "root" {
  type        = string
  description = "The checkout."
}

variable "target" {
  type        = string
  description = "Which image: a folder of image/boards."
}

locals {
  stages = ["10-packages", "20-daemon", "30-tree", "40-slots", "50-disk", "60-bundle", "70-release"]
}

# Nothing is started or connected to: the stages run on this machine.
source "null" "here" {
  communicator = "none"
}

build {
  name    = "image"
  sources = ["source.null.here"]

  provisioner "shell-local" {
    environment_vars = ["TARGET=${var.target}"]
    scripts          = [for stage in local.stages : "${var.root}/image/stages/${stage}.sh"]
  }
}
