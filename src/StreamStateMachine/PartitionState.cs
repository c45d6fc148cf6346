using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>A run of word characters too long to be a word, set aside instead of counted.</summary>
/// <param name="Offset">Where it starts, in bytes from the start of the source.</param>
/// <param name="Length">How long it is, in bytes.</param>
/// <param name="Start">Its first characters as they stand in the source, 64 at the most.</param>
public readonly record struct DeadLetter(long Offset, long Length, string Start);

/// <summary>
/// The name of one partition of a job. Ordered by UTF-16 units, so that snapshots list partitions the same way everywhere.
/// </summary>
internal readonly record struct PartitionName(string Job, string Partition) : IComparable<PartitionName>
{
    /// <inheritdoc/>
    public int CompareTo(PartitionName other)
    {
        var order = string.CompareOrdinal(Job, other.Job);
        return order != 0 ? order : string.CompareOrdinal(Partition, other.Partition);
    }
}

/// <summary>
/// How far one partition of a job has been counted. Owned by the <see cref="PartitionTable"/>, changed only by committed commands and not
/// at all once a view holds it.
/// </summary>
/// <param name="name">Its name.</param>
/// <param name="born">The epoch of captures in which this object was made.</param>
internal sealed class PartitionState(PartitionName name, long born)
{
    private readonly ulong _nameHash = KeyHash.Combine(KeyHash.Of(name.Job), KeyHash.Of(name.Partition));
    private readonly Queue<DeadLetter> _letters = new();
    private readonly byte[] _prefixSha256 = StoreLimits.EmptySha256.ToArray();
    private ulong _lettersHash;

    /// <summary>Its name.</summary>
    public PartitionName Name { get; } = name;

    /// <summary>The epoch in which this object was made.</summary>
    public long Born => born;

    /// <summary>How often a reader opened it: the newest reader's epoch.</summary>
    public long Epoch { get; private set; }

    /// <summary>Bytes of the source that are counted.</summary>
    public long Offset { get; private set; }

    /// <summary>SHA-256 of those bytes.</summary>
    public ReadOnlySpan<byte> PrefixSha256 => _prefixSha256;

    /// <summary>Words counted.</summary>
    public long Words { get; private set; }

    /// <summary>Dead letters so far, kept or not.</summary>
    public long DeadLetters { get; private set; }

    /// <summary>The newest dead letters, in the order of the source.</summary>
    public IReadOnlyCollection<DeadLetter> Letters => _letters;

    /// <summary>A hash of all of the above.</summary>
    public ulong Hash
    {
        get
        {
            var hash = KeyHash.Combine(_nameHash, (ulong)Epoch);
            hash = KeyHash.Combine(hash, (ulong)Offset);
            for (var at = 0; at < StoreLimits.Sha256Bytes; at += sizeof(ulong))
                hash = KeyHash.Combine(hash, BinaryPrimitives.ReadUInt64LittleEndian(_prefixSha256.AsSpan(at)));
            hash = KeyHash.Combine(hash, (ulong)Words);
            hash = KeyHash.Combine(hash, (ulong)DeadLetters);
            return KeyHash.Combine(hash, _lettersHash);
        }
    }

    /// <summary>The same partition, to be changed where a view holds this object.</summary>
    public PartitionState Copy(long epochOfCaptures)
    {
        var copy = new PartitionState(Name, epochOfCaptures) { _lettersHash = _lettersHash };
        copy.Restore(Epoch, Offset, _prefixSha256, Words, DeadLetters);
        foreach (var letter in _letters)
            copy._letters.Enqueue(letter);
        return copy;
    }

    /// <summary>Begins a new epoch: from here on, commands of the readers before are declined.</summary>
    public void Open() => Epoch++;

    /// <summary>Whether both sums stay within 64 bits.</summary>
    public bool CanAdvance(long words, int deadLetters) => Words <= long.MaxValue - words && DeadLetters <= long.MaxValue - deadLetters;

    /// <summary>Moves on to an offset, with what was found on the way.</summary>
    public void Advance(long to, ReadOnlySpan<byte> prefixSha256, long words, List<DeadLetter> letters)
    {
        Offset = to;
        prefixSha256.CopyTo(_prefixSha256);
        Words += words;
        DeadLetters += letters.Count;
        foreach (var letter in letters)
            Keep(letter);
    }

    /// <summary>Takes over what a snapshot says of the partition.</summary>
    public void Restore(long epoch, long offset, ReadOnlySpan<byte> prefixSha256, long words, long deadLetters)
    {
        (Epoch, Offset, Words, DeadLetters) = (epoch, offset, words, deadLetters);
        prefixSha256.CopyTo(_prefixSha256);
    }

    /// <summary>Keeps a dead letter, and forgets the oldest where there are too many.</summary>
    public void Keep(in DeadLetter letter)
    {
        _letters.Enqueue(letter);
        _lettersHash += HashOf(letter);
        if (_letters.Count > StoreLimits.MaxDeadLetters)
            _lettersHash -= HashOf(_letters.Dequeue());
    }

    /// <summary>Summed without an order: the offsets in it already are one.</summary>
    private static ulong HashOf(in DeadLetter letter) =>
        KeyHash.Combine(KeyHash.Combine(KeyHash.Of(letter.Start), (ulong)letter.Offset), (ulong)letter.Length);
}

/// <summary>
/// All partitions of all jobs, in the order of their names, with a hash of them all that is kept up with each change. A partition that
/// a living view holds is copied before it changes; its kept dead letters are the most that such a copy takes.
/// </summary>
internal sealed class PartitionTable(Captures captures)
{
    private readonly SortedDictionary<PartitionName, PartitionState> _partitions = [];

    /// <summary>How many.</summary>
    public int Count => _partitions.Count;

    /// <summary>The sum of the partitions' hashes.</summary>
    public ulong Hash { get; private set; }

    /// <summary>The partition of that name, or null.</summary>
    public PartitionState? Find(PartitionName name) => _partitions.GetValueOrDefault(name);

    /// <summary>Adds a partition that is not there yet, and of which nothing is counted.</summary>
    public PartitionState Add(PartitionName name)
    {
        var partition = new PartitionState(name, captures.Epoch);
        Add(partition);
        return partition;
    }

    /// <summary>Adds a partition that a snapshot holds.</summary>
    public void Add(PartitionState partition)
    {
        _partitions.Add(partition.Name, partition);
        Hash += partition.Hash;
    }

    /// <summary>Begins a new epoch of a partition; gives it as it is then.</summary>
    public PartitionState Open(PartitionState partition)
    {
        Hash -= partition.Hash;
        partition = ToWrite(partition);
        partition.Open();
        Hash += partition.Hash;
        return partition;
    }

    /// <summary>Moves a partition on, as a checked command says; gives it as it is then.</summary>
    public PartitionState Advance(PartitionState partition, AdvanceCommand command)
    {
        Hash -= partition.Hash;
        partition = ToWrite(partition);
        partition.Advance(command.To, command.PrefixSha256, command.Words, command.Letters);
        Hash += partition.Hash;
        return partition;
    }

    /// <summary>The partitions in order; they stay as they are while a ticket taken now lives.</summary>
    public PartitionState[] Freeze() => [.. _partitions.Values];

    private PartitionState ToWrite(PartitionState partition)
    {
        if (!captures.IsShared(partition.Born))
            return partition;
        partition = partition.Copy(captures.Epoch);
        _partitions[partition.Name] = partition;
        return partition;
    }
}
