namespace RaftStream.Raft.Runtime;

/// <summary>A frame that came in, from whom, and how many bytes of the receive budget it holds.</summary>
internal readonly record struct PeerInput(NodeId From, byte[] Frame, int Taken = 0);
