using RaftStream.Raft.Log;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// A file of a sink as it was at a capture, opened then: it can be read when it was deleted since, and what was written behind its end does not show. Owned by the view.
/// </summary>
internal sealed class CapturedFile(string name, IDiskFile content, SinkFile file) : IDisposable
{
    private uint _register = Crc32C.Start;
    private long _read;

    /// <summary>Its length at the capture, in bytes.</summary>
    public long Length => file.Length;

    /// <summary>Whether all of it was read.</summary>
    public bool IsRead => _read == file.Length;

    /// <summary>Reads the next bytes; the last ones only if all were those that the state knows.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public int Read(Span<byte> destination)
    {
        destination = destination[..(int)Math.Min(destination.Length, file.Length - _read)];
        if (content.Read(_read, destination) < destination.Length)
            throw Damaged();
        _read += destination.Length;
        _register = Crc32C.Append(_register, destination);
        return IsRead && (_register ^ Crc32C.Start) != file.Crc ? throw Damaged() : destination.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => content.Dispose();

    private InvalidDataException Damaged() => new(
        $"The file '{name}' of a sink is damaged: its first {file.Length} bytes are not those that were written. Leave the folder of the sinks to this node alone, and start it again, which makes its files anew out of snapshot and log.");
}
