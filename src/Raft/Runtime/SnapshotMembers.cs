using System.Buffers.Binary;
using RaftStream.Raft.Core;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The configuration in a snapshot's manifest, little-endian: the index of its entry (i64), the cluster's incarnation (u32), then the
/// configuration in its usual format.
/// </summary>
internal static class SnapshotMembers
{
    private const int HeadSize = sizeof(long) + sizeof(uint);

    /// <summary>The configuration in force at an index, as bytes: the same on every replica.</summary>
    public static byte[] ToBytes(Membership membership, LogIndex at, uint incarnation)
    {
        var (index, configuration) = membership.At(at);
        return ToBytes(new PlacedConfiguration(index, configuration), incarnation);
    }

    /// <summary>A configuration and its place, as bytes.</summary>
    public static byte[] ToBytes(PlacedConfiguration placed, uint incarnation)
    {
        var configuration = ConfigurationFormat.ToBytes(placed.Configuration);
        var bytes = new byte[HeadSize + configuration.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, placed.Index.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(sizeof(long)), incarnation);
        configuration.CopyTo(bytes, HeadSize);
        return bytes;
    }

    /// <summary>Reads it; null for anything else.</summary>
    public static PlacedConfiguration? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeadSize || ConfigurationFormat.TryRead(bytes[HeadSize..]) is not { } configuration)
            return null;
        var index = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return index >= 0 ? new(new(index), configuration) : null;
    }

    /// <summary>The incarnation that it names; 0 for anything else.</summary>
    public static uint IncarnationOf(ReadOnlySpan<byte> bytes) => bytes.Length < HeadSize ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes[sizeof(long)..]);
}
