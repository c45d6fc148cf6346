using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace RaftStream.Raft.Core;

/// <summary>
/// A configuration as bytes, the same on every replica: the payload of its entry, and part of a snapshot's manifest.
/// </summary>
/// <remarks>
/// Little-endian. 0: version (u8, 1). 1: how many members (u8). 2: highest id ever used (u16). Then each member, smallest id first:
/// id (u16), flags (u8: 1 votes, 2 voted in the configuration that is left), priority (u8), disk (u64), length of the address (u8),
/// address (UTF-8).
/// </remarks>
internal static class ConfigurationFormat
{
    private const byte Version = 1;
    private const int HeadSize = 4;
    private const int MemberSize = 13;
    private const byte VoterFlag = 1;
    private const byte WasVoterFlag = 2;

    /// <summary>The most bytes that a configuration takes.</summary>
    public const int MaxSize = HeadSize + (Configuration.MaxMembers * (MemberSize + Member.MaxAddress));

    /// <summary>The size in bytes.</summary>
    public static int SizeOf(Configuration configuration)
    {
        var size = HeadSize;
        foreach (var member in configuration.Members)
            size += MemberSize + Encoding.UTF8.GetByteCount(member.Address);
        return size;
    }

    /// <summary>The configuration as bytes.</summary>
    public static byte[] ToBytes(Configuration configuration)
    {
        var bytes = new byte[SizeOf(configuration)];
        bytes[0] = Version;
        bytes[1] = (byte)configuration.Count;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)configuration.Highest.Value);
        var rest = bytes.AsSpan(HeadSize);
        foreach (var member in configuration.Members)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)member.Id.Value);
            rest[2] = (byte)((member.IsVoter ? VoterFlag : 0) | (member.WasVoter ? WasVoterFlag : 0));
            rest[3] = (byte)member.Priority;
            BinaryPrimitives.WriteUInt64LittleEndian(rest[4..], member.Disk);
            var length = Encoding.UTF8.GetBytes(member.Address, rest[MemberSize..]);
            rest[12] = (byte)length;
            rest = rest[(MemberSize + length)..];
        }

        return bytes;
    }

    /// <summary>Reads a configuration that fills <paramref name="bytes"/> exactly; null for anything else, nothing is thrown.</summary>
    public static Configuration? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeadSize || bytes[0] != Version || bytes[1] > Configuration.MaxMembers)
            return null;
        var highest = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        var members = new Member[bytes[1]];
        var rest = bytes[HeadSize..];
        var voters = 0;
        for (var place = 0; place < members.Length; place++)
        {
            if (!TryReadMember(ref rest, out var member) || (place > 0 && member.Id <= members[place - 1].Id))
                return null;
            members[place] = member;
            voters += member.IsVoter ? 1 : 0;
        }

        var isSound = rest.IsEmpty && voters <= Configuration.MaxVoters && members.Count(static member => member.WasVoter) <= Configuration.MaxVoters;
        return isSound && (members.Length == 0 || (voters > 0 && members[^1].Id.Value <= highest)) ? new(members, new(highest)) : null;
    }

    private static bool TryReadMember(ref ReadOnlySpan<byte> rest, out Member member)
    {
        member = null!;
        if (rest.Length < MemberSize || rest.Length < MemberSize + rest[12])
            return false;
        var id = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        var address = rest.Slice(MemberSize, rest[12]);
        if (id == 0 || rest[2] > (VoterFlag | WasVoterFlag) || !Utf8.IsValid(address))
            return false;
        member = new()
        {
            Id = new(id),
            Address = Encoding.UTF8.GetString(address),
            Disk = BinaryPrimitives.ReadUInt64LittleEndian(rest[4..]),
            Priority = rest[3],
            IsVoter = (rest[2] & VoterFlag) != 0,
            WasVoter = (rest[2] & WasVoterFlag) != 0,
        };
        rest = rest[(MemberSize + address.Length)..];
        return true;
    }
}
