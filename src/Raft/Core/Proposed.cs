namespace RaftStream.Raft.Core;

/// <summary>What became of a batch of proposals.</summary>
/// <param name="Refusal">None, NotLeader or Overloaded.</param>
/// <param name="First">Where the batch begins in the log.</param>
/// <param name="Term">The term it was proposed in.</param>
internal readonly record struct Proposed(Refusal Refusal, LogIndex First, Term Term);
