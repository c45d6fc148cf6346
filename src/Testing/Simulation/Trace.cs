using System.Buffers.Binary;
using System.Globalization;

namespace RaftStream.Testing;

/// <summary>What happens in a simulation, event by event: a running hash of all, and the last ones for a reader.</summary>
internal sealed class Trace(VirtualTime time, int kept)
{
    private readonly Entry[] _last = new Entry[Math.Max(1, kept)];
    private long _count;
    private int _next;

    /// <summary>The hash of all events so far, in order.</summary>
    public ulong Hash { get; private set; } = 0xCBF2_9CE4_8422_2325;

    /// <summary>Adds an event: what, where, and up to three numbers that tell it apart. Formatted only if somebody reads it.</summary>
    public void Add(SimEventKind what, int node, long first = 0, long second = 0, long third = 0)
    {
        Mix((ulong)time.Nanoseconds);
        Mix((ulong)node ^ ((ulong)what << 32));
        Mix((ulong)first ^ ((ulong)second << 20));
        Mix((ulong)third);
        _last[_next] = new(time.Nanoseconds, what, node, first, second, third);
        _count++;
        if (++_next == _last.Length)
            _next = 0;
    }

    /// <summary>Mixes in the fixed part of a frame that is sent.</summary>
    public void AddFrame(ReadOnlySpan<byte> frame)
    {
        Mix((ulong)frame.Length);
        for (var rest = frame[..Math.Min(frame.Length, 96)]; rest.Length >= 8; rest = rest[8..])
            Mix(BinaryPrimitives.ReadUInt64LittleEndian(rest));
    }

    /// <summary>Mixes in what a replica did with an entry.</summary>
    public void AddState(int node, LogIndex index, ulong stateHash)
    {
        Mix((ulong)node ^ ((ulong)index.Value << 8));
        Mix(stateHash);
    }

    /// <summary>The last events, oldest first.</summary>
    public IReadOnlyList<string> Last()
    {
        var lines = new List<string>();
        for (var i = Math.Max(0, _count - _last.Length); i < _count; i++)
        {
            var entry = _last[i % _last.Length];
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{entry.At / 1e6,12:0.000} ms  node {entry.Node}  {entry.What} {entry.First} {entry.Second} {entry.Third}"));
        }

        return lines;
    }

    private void Mix(ulong value)
    {
        var high = Math.BigMul(Hash ^ value, 0x9E37_79B9_7F4A_7C15, out var low);
        Hash = high ^ low ^ value;
    }

    private readonly record struct Entry(long At, SimEventKind What, int Node, long First, long Second, long Third);
}
