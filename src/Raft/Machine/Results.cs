using System.Buffers;

namespace RaftStream.Raft;

/// <summary>
/// Collects one reply per command of a batch: write the reply's bytes to <see cref="Writer"/>, then call <see cref="Complete"/>.
/// </summary>
public ref struct Results
{
    private readonly ArrayBufferWriter<byte> _bytes;
    private readonly Span<int> _ends;
    private int _count;

    /// <summary>Replies go to <paramref name="bytes"/>; the end of each to <paramref name="ends"/>, one slot a command.</summary>
    public Results(ArrayBufferWriter<byte> bytes, Span<int> ends)
    {
        _bytes = bytes;
        _ends = ends;
        _count = 0;
    }

    /// <summary>Where the reply under way is written.</summary>
    public readonly IBufferWriter<byte> Writer => _bytes;

    /// <summary>How many replies are complete.</summary>
    public readonly int Count => _count;

    /// <summary>Ends the reply under way, which may be empty.</summary>
    /// <exception cref="InvalidOperationException">There are more replies than commands.</exception>
    public void Complete()
    {
        if (_count == _ends.Length)
            throw new InvalidOperationException($"A batch of {_ends.Length} commands was given more than {_ends.Length} replies: complete exactly one for each command.");
        _ends[_count++] = _bytes.WrittenCount;
    }
}
