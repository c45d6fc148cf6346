namespace RaftStream.Raft;

/// <summary>A replica could not start or go on: the message is one sentence that says where and how to mend it.</summary>
public sealed class ReplicaException(string message, Exception? inner = null) : Exception(message, inner);
