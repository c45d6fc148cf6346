using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>
/// Cuts what arrives on one connection into the bodies of frames and checks them: the header of 12 bytes that nodes use among themselves
/// (length, CRC32C, group 0), then one MessagePack array. Owned by the connection's reader.
/// </summary>
/// <remarks>Nothing is reserved for a length that is only announced: bytes are held as they come, and never more than the largest frame.</remarks>
internal sealed class FrameCutter(int largest)
{
    /// <summary>The largest body of a request, in bytes: a key of 4,096 and room for the rest.</summary>
    public const int LargestRequest = 16 * 1024;

    /// <summary>The largest body of an answer, in bytes.</summary>
    public const int LargestAnswer = 1024 * 1024;

    private byte[] _scratch = [];

    /// <summary>
    /// Takes the next frame from the front of <paramref name="buffer"/>. False: it is not whole yet. True with a fault: the connection is of no use any more,
    /// since nobody knows where the next frame starts. The body is good until the next call and until the buffer is handed back.
    /// </summary>
    public bool TryCut(ref ReadOnlySequence<byte> buffer, out ReadOnlySpan<byte> body, out FrameFault fault)
    {
        body = default;
        fault = FrameFault.None;
        if (buffer.Length < Frame.OuterSize)
            return false;
        Span<byte> header = stackalloc byte[Frame.OuterSize];
        buffer.Slice(0, Frame.OuterSize).CopyTo(header);
        fault = Frame.ReadOuter(header, largest, out var length, out var checksum);
        if (fault != FrameFault.None)
            return true;
        if (buffer.Length < Frame.OuterSize + length)
            return false;
        body = Contiguous(buffer.Slice(Frame.OuterSize, length));
        buffer = buffer.Slice(Frame.OuterSize + length);
        if (Frame.Checksum(body) != checksum)
            fault = FrameFault.BadChecksum;
        return true;
    }

    private ReadOnlySpan<byte> Contiguous(ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
            return bytes.FirstSpan;
        var length = (int)bytes.Length;
        if (_scratch.Length < length)
            _scratch = GC.AllocateUninitializedArray<byte>(Math.Max(length, Math.Min(largest, 2 * _scratch.Length)));
        bytes.CopyTo(_scratch);
        return _scratch.AsSpan(0, length);
    }
}
