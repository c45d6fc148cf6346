namespace RaftStream.StreamStateMachine;

/// <summary>
/// The lines that the command under way gives one sink, until it is known that they stay. Owned by the applying thread.
/// </summary>
/// <remarks>
/// Kept true: what is here from <see cref="From"/> to the total that the state says is what is to be written. What was taken back in the state is cut off before anything is put behind it.
/// </remarks>
internal sealed class SinkLines
{
    /// <summary>The most bytes that a command may give a sink: 256 MiB.</summary>
    public const int MaxBytes = 256 * 1024 * 1024;

    /// <summary>An array that is larger is given back at the end of its command: 4 MiB.</summary>
    private const int MaxKeptBytes = 4 * 1024 * 1024;

    private byte[] _bytes = [];
    private int _used;

    /// <summary>The total at which these lines begin.</summary>
    public long From { get; private set; }

    /// <summary>Whether the command under way has given the sink nothing.</summary>
    public bool IsEmpty => _used == 0;

    /// <summary>The lines up to a total that the state says; only where there are any.</summary>
    public ReadOnlySpan<byte> UpTo(long total) => _bytes.AsSpan(0, (int)(total - From));

    /// <summary>Adds a line behind the total that the state says.</summary>
    /// <exception cref="StateFullException">The command gives the sink too much.</exception>
    public void Add(long total, ReadOnlySpan<byte> line)
    {
        if (_used == 0)
            From = total;
        _used = (int)(total - From);
        if (_used + line.Length > MaxBytes)
            throw StateFullException.OfLines(MaxBytes);
        if (_used + line.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Min(MaxBytes, Math.Max(_used + line.Length, _bytes.Length * 2)));
        line.CopyTo(_bytes.AsSpan(_used));
        _used += line.Length;
    }

    /// <summary>The command ended.</summary>
    public void Clear()
    {
        _used = 0;
        if (_bytes.Length > MaxKeptBytes)
            _bytes = [];
    }
}
