using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>A window that moves over a snapshot's bytes as they are read, so that restoring takes the state's memory and 256 KiB.</summary>
internal sealed class SnapshotWindow(ISnapshotReader source)
{
    /// <summary>
    /// No single value, or group of values that is read in one go, takes more bytes: a key of 4,096 with its value of 65,536, two names of 600 each.
    /// </summary>
    public const int LargestItem = 72 * 1024;

    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;
    private bool _ended;
    private long _passed;

    /// <summary>Reads on from here; at least <see cref="LargestItem"/> bytes, unless the snapshot ends sooner.</summary>
    public MessagePackReader Reader()
    {
        if (_end - _start < LargestItem && !_ended)
            Fill();
        return new(_buffer.AsSpan(_start, _end - _start), _ended ? 0 : long.MaxValue);
    }

    /// <summary>Moves past what was read.</summary>
    public void Advance(int count)
    {
        _start += count;
        _passed += count;
    }

    /// <summary>Reads bytes of which there may be more than <see cref="LargestItem"/>. False: the snapshot ends before.</summary>
    public bool TryCopy(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (_start == _end && !_ended)
                Fill();
            var part = Math.Min(destination.Length, _end - _start);
            if (part == 0)
                return false;
            _buffer.AsSpan(_start, part).CopyTo(destination);
            destination = destination[part..];
            Advance(part);
        }

        return true;
    }

    /// <summary>Nothing may follow.</summary>
    /// <exception cref="InvalidDataException">Something does.</exception>
    public void RequireEnd()
    {
        if (Reader().Remaining > 0)
            throw Damaged("bytes behind its end");
    }

    /// <summary>The sentence for a snapshot that is wrong here.</summary>
    public InvalidDataException Damaged(string what) =>
        new($"The snapshot is damaged near byte {_passed}, at {what}: restore another copy of it.");

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        while (_end < _buffer.Length && !_ended)
        {
            var read = source.Read(_buffer.AsSpan(_end));
            _end += read;
            _ended = read == 0;
        }
    }
}
