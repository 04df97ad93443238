/**
 * What policies may speak of, in Cedar's schema language: what is validated against is what is published
 * (`GET /v1/policy-schema`). Imports nothing: the gateway gives it out and has no Cedar.
 */
export const policySchema = `// What the access policies of Selvedge may speak of.

// By its name in Kubernetes RBAC, or as the token of its member says.
entity Group;

// A user goes by an id that Selvedge derives from issuer and subject.
entity User in [Group] {
  issuer: String,
  subject: String,
  username: String,
};

// Of the owner nothing but who it is can be asked: resource.owner == principal.
entity Datum {
  owner: User,
  network: String, // <namespace>/<name>
  key: String,
};

// Reading any version, and putting the next one. The policy itself is the owner's alone.
action "read", "write" appliesTo {
  principal: User,
  resource: Datum,
};
`;
