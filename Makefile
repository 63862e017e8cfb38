# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
TOOLS = PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m tools

.DEFAULT_GOAL := help
.PHONY: help demo test lab lab-check faults fuzz bench lint types unit integration report ssh events awx-check oldest sanity docs package clean

help: ## Show these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

demo: ## Watch all three options on this machine, about 3 minutes; Ansible's own output too: ARGS=-v
	@$(TOOLS) demo $(ARGS)

test: ## Run every check; some: make test STEPS="unit docs"; on a busy machine, thrice: LOAD=4 TIMES=3
	@$(TOOLS) test $(STEPS)

lab: ## Start the lab (OVHcloud API, OKMS, vCenter on loopback) and keep it until Ctrl-C, two hours at most
	@$(TOOLS) lab $(ARGS)

lab-check: ## Prove the lab with clients of others: python-ovh, pyVmomi, the vSphere Automation SDK, OpenSSL, PyKMIP
	@$(TOOLS) lab-check $(ARGS)

faults: ## Let every request of every role go wrong once, before and after it took effect (long; ARGS="okms --every 9")
	@$(TOOLS) faults $(ARGS)

fuzz: ## Feed every parser and reader of answers with 200,000 inputs that nobody expects (long; ARGS="JWK --inputs 9000")
	@$(TOOLS) fuzz $(ARGS)

bench: ## Measure seconds, requests and memory against other ways (about 30 minutes); some of it: ARGS="reading startup"
	@$(TOOLS) bench $(ARGS)

lint: ## Check form, dead code and licences: ruff, yamllint, vulture, reuse
	@$(TOOLS) test lint

types: ## Check types: mypy
	@$(TOOLS) test types

unit: ## Run the unit tests on the newest ansible-core
	@$(TOOLS) test unit

integration: ## Run modules, roles and playbooks against the lab on the newest ansible-core
	@$(TOOLS) test functional

report: ## Look at the page of the audit in headless Chromium; pictures are left in .cache/report
	@$(TOOLS) test report

ssh: ## Copy backups to a host that is reached by a real sshd on loopback
	@$(TOOLS) test ssh

events: ## Run the rulebooks in ansible-rulebook against the lab; needs Java 17 or newer
	@$(TOOLS) test events

awx-check: ## Judge the definitions for AWX, run every template and workflow of them against the lab, apply them to an AWX of the lab
	@$(TOOLS) test awx-check

oldest: ## Run what depends on Ansible on the oldest ansible-core
	@$(TOOLS) test oldest

sanity: ## Run ansible-test sanity and units
	@$(TOOLS) test sanity units

docs: ## Check the documentation, the changelog and the playbooks: ansible-lint, antsibull
	@$(TOOLS) test docs

package: ## Build the collection, judge it as Galaxy does, install it and use it
	@$(TOOLS) test package

clean: ## Remove everything that these commands made
	rm -rf .cache tests/output
