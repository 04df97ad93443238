# What all members share; what differs (node id, addresses) comes from the environment.
ui = false

# Integrated storage maps its file into memory: locking it would lock the whole database.
disable_mlock = true

listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "0.0.0.0:8201"
  tls_cert_file   = "/etc/selvedge/tls/tls.crt"
  tls_key_file    = "/etc/selvedge/tls/tls.key"
  tls_min_version = "tls12"
}

storage "raft" {
  path = "/var/lib/vault"

  # Elections after 2 s of silence instead of 5.
  performance_multiplier = 2

  retry_join {
    leader_api_addr     = "https://vault-0.vault-internal.selvedge-storage.svc:8200"
    leader_ca_cert_file = "/etc/selvedge/tls/ca.crt"
  }
  retry_join {
    leader_api_addr     = "https://vault-1.vault-internal.selvedge-storage.svc:8200"
    leader_ca_cert_file = "/etc/selvedge/tls/ca.crt"
  }
  retry_join {
    leader_api_addr     = "https://vault-2.vault-internal.selvedge-storage.svc:8200"
    leader_ca_cert_file = "/etc/selvedge/tls/ca.crt"
  }
}
