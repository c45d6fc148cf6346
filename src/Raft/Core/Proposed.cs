namespace RaftStream.Raft.Core;

/// <summary>An entry to propose.</summary>
/// <param name="Kind">Command, session or snapshot point; a leader makes its other entries itself.</param>
/// <param name="Length">The payload in bytes.</param>
internal readonly record struct Proposal(EntryKind Kind, int Length);

/// <summary>What became of a batch of proposals.</summary>
/// <param name="Refusal">None, NotLeader or Overloaded.</param>
/// <param name="First">Where the batch begins in the log.</param>
/// <param name="Term">The term it was proposed in.</param>
internal readonly record struct Proposed(Refusal Refusal, LogIndex First, Term Term);
