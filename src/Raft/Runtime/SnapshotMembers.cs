using System.Buffers.Binary;
using RaftStream.Raft.Core;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The configuration in a snapshot's manifest: the index of its entry (i64, little-endian), then the configuration in its usual format.
/// </summary>
internal static class SnapshotMembers
{
    /// <summary>The configuration in force at an index, as bytes: the same on every replica.</summary>
    public static byte[] ToBytes(Membership membership, LogIndex at)
    {
        var (index, configuration) = membership.At(at);
        return ToBytes(new PlacedConfiguration(index, configuration));
    }

    /// <summary>A configuration and its place, as bytes.</summary>
    public static byte[] ToBytes(PlacedConfiguration placed)
    {
        var configuration = ConfigurationFormat.ToBytes(placed.Configuration);
        var bytes = new byte[sizeof(long) + configuration.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, placed.Index.Value);
        configuration.CopyTo(bytes, sizeof(long));
        return bytes;
    }

    /// <summary>Reads it; null for anything else.</summary>
    public static PlacedConfiguration? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(long) || ConfigurationFormat.TryRead(bytes[sizeof(long)..]) is not { } configuration)
            return null;
        var index = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return index >= 0 ? new(new(index), configuration) : null;
    }
}
