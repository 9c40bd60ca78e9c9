# SPDX-FileCopyrightText: 2026 xenfleet.compute contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options for reaching an OpenStack cloud, as in module_utils/_glue/argspec.py NOVA."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - Name of the cloud in C(clouds.yaml), for O(control_plane=nova).
      - What neither this nor the options below set comes from E(OS_CLOUD) and the other C(OS_*) variables, as
        openstacksdk reads them.
    type: str
  auth:
    description:
      - How to sign in, instead of or in addition to what C(clouds.yaml) says. Keys other than these are accepted, too.
    type: dict
    suboptions:
      auth_url:
        description: URL of Keystone.
        type: str
      username:
        description: Name of the user.
        type: str
      user_id:
        description: Id of the user, in place of the name.
        type: str
      password:
        description: Password of the user.
        type: str
      user_domain_name:
        description: Name of the user's domain.
        type: str
      user_domain_id:
        description: Id of the user's domain.
        type: str
      project_name:
        description: Name of the project.
        type: str
      project_id:
        description: Id of the project, in place of the name.
        type: str
      project_domain_name:
        description: Name of the project's domain.
        type: str
      project_domain_id:
        description: Id of the project's domain.
        type: str
      domain_name:
        description: Name of the domain, for a token of a domain.
        type: str
      domain_id:
        description: Id of that domain, in place of the name.
        type: str
      default_domain:
        description: Domain of user and project where none is given.
        type: str
      system_scope:
        description: Set to V(all) for a token of the whole system.
        type: str
      token:
        description: A token, with O(auth_type=token).
        type: str
      passcode:
        description: One-time password, with O(auth_type=v3totp).
        type: str
      application_credential_id:
        description: Id of an application credential, with O(auth_type=v3applicationcredential).
        type: str
      application_credential_name:
        description: Its name, in place of the id; needs the user, too.
        type: str
      application_credential_secret:
        description: Its secret.
        type: str
  auth_type:
    description:
      - Name of the keystoneauth plugin that signs in. Without it, C(password).
    type: str
  region_name:
    description:
      - Name of the region.
    type: str
  interface:
    description:
      - Which of the catalogue's endpoints to use. Without it, what C(clouds.yaml) says, else V(public).
    type: str
    choices: [public, internal, admin]
  client_cert:
    description:
      - File with a certificate to show to the cloud's endpoints, in PEM format.
    type: path
  client_key:
    description:
      - File with its key.
    type: path
  api_timeout:
    description:
      - Seconds to wait for one answer of the cloud. Long operations are not bound by it.
      - By default what C(clouds.yaml) says under the same name, or 60.
    type: int
requirements:
  - openstacksdk 4 (Python library), for O(control_plane=nova)
"""
