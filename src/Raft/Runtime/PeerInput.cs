namespace RaftStream.Raft.Runtime;

/// <summary>A frame that came in, and from whom.</summary>
internal readonly record struct PeerInput(NodeId From, byte[] Frame);
