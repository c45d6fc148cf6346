using System.Buffers.Binary;

namespace RaftStream.Testing;

/// <summary>
/// A state of the whole cluster, in numbers: each node's state, what was ever sent, and of the past what the checks must remember: who led which
/// term, and what was committed.
/// </summary>
/// <remarks>
/// The network forgets nothing. A message may reach its receiver at any time after it was sent, any number of times, or never: so delays, losses,
/// repetitions and every order are covered without an action for each.
/// </remarks>
internal sealed class ClusterState(ExplorerOptions options)
{
    /// <summary>The nodes' states, from node 1 on.</summary>
    public int[] Nodes { get; } = new int[options.Nodes];

    /// <summary>Entries proposed so far.</summary>
    public int Entries { get; set; }

    /// <summary>Changes begun so far.</summary>
    public int Changes { get; set; }

    /// <summary>Who led each term; 0 for nobody.</summary>
    public byte[] Leaders { get; } = new byte[options.Terms + 1];

    /// <summary>What was ever committed.</summary>
    public PackedLog Committed { get; set; }

    /// <summary>The numbers of the messages sent.</summary>
    public List<int> Messages { get; } = [];

    /// <summary>The bytes that <see cref="Write"/> needs.</summary>
    public int Size => (4 * Nodes.Length) + Leaders.Length + 3 + 16 + 2 + (3 * Messages.Count);

    /// <summary>Takes over all but the messages.</summary>
    public void CopyFrom(ClusterState other)
    {
        other.Nodes.CopyTo(Nodes, 0);
        (Entries, Changes, Committed) = (other.Entries, other.Changes, other.Committed);
        other.Leaders.CopyTo(Leaders, 0);
    }

    /// <summary>Writes this state; returns what is left of the target.</summary>
    public Span<byte> Write(Span<byte> to)
    {
        foreach (var node in Nodes)
        {
            BinaryPrimitives.WriteInt32LittleEndian(to, node);
            to = to[4..];
        }

        Leaders.CopyTo(to);
        to = to[Leaders.Length..];
        (to[0], to[1], to[2]) = ((byte)Entries, (byte)Changes, (byte)Committed.Length);
        BinaryPrimitives.WriteUInt128LittleEndian(to[3..], Committed.Bits);
        BinaryPrimitives.WriteUInt16LittleEndian(to[19..], (ushort)Messages.Count);
        to = to[21..];
        foreach (var message in Messages)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)message);
            to[2] = (byte)(message >> 16);
            to = to[3..];
        }

        return to;
    }

    /// <summary>Reads a state; returns what is behind it.</summary>
    public ReadOnlySpan<byte> Read(ReadOnlySpan<byte> from)
    {
        for (var node = 0; node < Nodes.Length; node++)
        {
            Nodes[node] = BinaryPrimitives.ReadInt32LittleEndian(from);
            from = from[4..];
        }

        from[..Leaders.Length].CopyTo(Leaders);
        from = from[Leaders.Length..];
        (Entries, Changes) = (from[0], from[1]);
        Committed = new(BinaryPrimitives.ReadUInt128LittleEndian(from[3..]), from[2]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(from[19..]);
        from = from[21..];
        Messages.Clear();
        for (var i = 0; i < count; i++, from = from[3..])
            Messages.Add(BinaryPrimitives.ReadUInt16LittleEndian(from) | (from[2] << 16));
        return from;
    }
}

/// <summary>A queue of states as bytes, in blocks that go from one layer of the search to the next.</summary>
internal sealed class StateQueue
{
    private const int BlockSize = 4 << 20;
    private readonly Queue<(byte[] Block, int Length)> _full = new();
    private readonly Stack<byte[]> _spare = new();
    private byte[] _writing = new byte[BlockSize];
    private int _written;
    private byte[]? _reading;
    private int _readLength;
    private int _read;

    /// <summary>How many states wait.</summary>
    public long Count { get; private set; }

    /// <summary>The memory that the blocks take, in bytes.</summary>
    public long Bytes => (long)BlockSize * (_full.Count + _spare.Count + 2);

    public void Enqueue(ClusterState state)
    {
        if (_written + state.Size > BlockSize)
        {
            _full.Enqueue((_writing, _written));
            _writing = _spare.TryPop(out var spare) ? spare : new byte[BlockSize];
            _written = 0;
        }

        _written = BlockSize - state.Write(_writing.AsSpan(_written)).Length;
        Count++;
    }

    /// <summary>Takes the oldest state. False: none waits.</summary>
    public bool TryDequeue(ClusterState state)
    {
        if (Count == 0)
            return false;
        if (_reading is null || _read == _readLength)
            NextBlock();
        _read = _readLength - state.Read(_reading.AsSpan(_read, _readLength - _read)).Length;
        Count--;
        return true;
    }

    private void NextBlock()
    {
        if (_reading is not null)
            _spare.Push(_reading);
        if (_full.Count == 0)
        {
            _full.Enqueue((_writing, _written));
            _writing = _spare.TryPop(out var spare) ? spare : new byte[BlockSize];
            _written = 0;
        }

        ((_reading, _readLength), _read) = (_full.Dequeue(), 0);
    }
}
