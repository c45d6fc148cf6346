using System.Buffers.Binary;
using System.Numerics;

namespace RaftStream.Raft.Log;

/// <summary>The Castagnoli checksum (RFC 3720, appendix B.4), eight bytes a step with the processor's own instruction where it has one.</summary>
internal static class Crc32C
{
    /// <summary>The register before the first byte, and the mask applied after the last.</summary>
    public const uint Start = 0xFFFF_FFFF;

    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => Append(Start, bytes) ^ Start;

    /// <summary>Runs the register over more bytes.</summary>
    public static uint Append(uint register, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            register = BitOperations.Crc32C(register, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
            register = BitOperations.Crc32C(register, value);
        return register;
    }
}
