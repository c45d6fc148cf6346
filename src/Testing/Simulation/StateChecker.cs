using System.Security.Cryptography;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>
/// The whole replicated state, sessions included, is the same on all replicas at an index, and so is every byte of the snapshots that
/// they take there.
/// </summary>
internal sealed class StateChecker
{
    private readonly Dictionary<LogIndex, ulong> _states = [];
    private readonly Dictionary<LogIndex, (NodeId Node, byte[] Hash)> _snapshots = [];

    /// <summary>A replica reports its state after an entry.</summary>
    public void OnState(NodeId node, LogIndex index, ulong stateHash)
    {
        if (!_states.TryAdd(index, stateHash))
            ViolationException.Require(_states[index] == stateHash, "EqualState", $"Node {node} reports another state, sessions included, after entry {index} than another node did.");
    }

    /// <summary>A replica has a snapshot, its own or another's.</summary>
    public void OnSnapshot(SimNode node, LogPosition position)
    {
        var name = SnapshotFile.NameOf(position);
        if (!node.Disk.Inner.List().Contains(name, StringComparer.Ordinal))
            return; // Two newer ones have taken its place already.
        using var file = SnapshotFile.Open(node.Disk.Inner, position, out var problem);
        ViolationException.Require(file is not null, "SnapshotBytes", $"The snapshot of node {node.Id} at {position} cannot be read: {problem?.Sentence}.");
        var hash = HashOf(file!);
        if (_snapshots.TryAdd(position.Index, (node.Id, hash)))
            return;
        var (first, expected) = _snapshots[position.Index];
        ViolationException.Require(hash.AsSpan().SequenceEqual(expected), "SnapshotBytes", $"The snapshots of node {node.Id} and node {first} at {position} are not the same bytes.");
    }
    // What a replica hands to others: where it has its chunks is its own matter.
    private static byte[] HashOf(SnapshotFile file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var piece = 0; piece < file.Pieces; piece++)
        {
            var bytes = new byte[file.SizeOf(piece)];
            file.ReadPiece(piece, bytes);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}
