# The order in which an image is made. Each stage is a script that can be run alone, with TARGET set:
# TARGET=amd64 image/stages/40-slots.sh
variable "root" {
  type        = string
  description = "The checkout."
}

variable "target" {
  type        = string
  description = "Which image: amd64."
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
    inline           = ["${var.root}/image/stages/10-packages.sh"]
  }

  provisioner "shell-local" {
    environment_vars = ["TARGET=${var.target}"]
    inline           = ["${var.root}/image/stages/20-daemon.sh"]
  }

  provisioner "shell-local" {
    environment_vars = ["TARGET=${var.target}"]
    inline           = ["${var.root}/image/stages/30-tree.sh"]
  }

  provisioner "shell-local" {
    environment_vars = ["TARGET=${var.target}"]
    inline           = ["${var.root}/image/stages/40-slots.sh"]
  }

  provisioner "shell-local" {
    environment_vars = ["TARGET=${var.target}"]
    inline           = ["${var.root}/image/stages/50-disk.sh"]
  }

  provisioner "shell-local" {
    environment_vars = ["TARGET=${var.target}"]
    inline           = ["${var.root}/image/stages/60-bundle.sh"]
  }

  provisioner "shell-local" {
    environment_vars = ["TARGET=${var.target}"]
    inline           = ["${var.root}/image/stages/70-release.sh"]
  }
}
