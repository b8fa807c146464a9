"""The platform on one machine: an AWS emulator that deploys the unchanged templates of out/."""
