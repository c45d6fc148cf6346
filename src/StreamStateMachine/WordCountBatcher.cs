using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>When a batch of words becomes a command.</summary>
/// <param name="Words">After this many words and dead letters: 1 to 1,000,000.</param>
/// <param name="SourceBytes">After this many bytes of the source, at the next place outside of a word: 1 byte to 16 MiB.</param>
/// <param name="CommandBytes">Before the command takes more than this: 16 KiB to 4 MiB, below the largest entry of the log.</param>
internal sealed record BatchLimits(int Words = 8_192, int SourceBytes = 64 * 1024, int CommandBytes = 256 * 1024);

/// <summary>
/// Adds up the words of a batch, so that the log carries a delta a word instead of the text, and writes the batch as an Advance. Its
/// table is used again for each batch: nothing is allocated per word. Owned by one reader.
/// </summary>
internal sealed class WordCountBatcher
{
    /// <summary>A change beside its key's bytes: a string's header of 3 and a delta of 5 at the most.</summary>
    private const int ChangeOverhead = 8;

    /// <summary>A dead letter: 64 characters of 3 bytes, a string's header of 2, two numbers of 9 and the array's header.</summary>
    private const int LetterSize = (3 * StoreLimits.DeadLetterStart) + 21;

    /// <summary>Everything else: two names with headers, four numbers, the hash and the headers of the lists.</summary>
    private const int FixedSize = (2 * (StoreLimits.MaxNameBytes + 3)) + 128;

    private readonly BatchLimits _limits;
    private readonly CountTable _words;
    private readonly List<DeadLetter> _letters = [];
    private int _size = FixedSize;

    /// <summary>An empty batch that starts at an offset of the source.</summary>
    public WordCountBatcher(BatchLimits limits, long from)
    {
        Invariant.Check(
            limits is { Words: >= 1 and <= 1_000_000, SourceBytes: >= 1 and <= 16 << 20, CommandBytes: >= 16 << 10 and <= 4 << 20 },
            "a batch's limits are in range");
        _limits = limits;
        _words = new(limits.Words, limits.CommandBytes);
        From = from;
    }

    /// <summary>Where the batch starts, in bytes of the source.</summary>
    public long From { get; private set; }

    /// <summary>Words in it.</summary>
    public long Words { get; private set; }

    /// <summary>Dead letters in it.</summary>
    public int DeadLetters => _letters.Count;

    /// <summary>Adds a word.</summary>
    public void Add(ReadOnlySpan<byte> word)
    {
        if (_words.Add(word, 1))
            _size += word.Length + ChangeOverhead;
        Words++;
    }

    /// <summary>Adds a run that is no word.</summary>
    public void Add(in DeadLetter letter)
    {
        _letters.Add(letter);
        _size += LetterSize;
    }

    /// <summary>How many bytes of the source the batch takes yet, once it has come to <paramref name="offset"/>; 0 or less if it is full.</summary>
    public long RoomAt(long offset)
    {
        var isFull = Words + _letters.Count >= _limits.Words || _size > _limits.CommandBytes - WordTokenizer.MaxBytes - ChangeOverhead;
        return isFull ? 0 : From + _limits.SourceBytes - offset;
    }

    /// <summary>Writes the batch as a command that ends at <paramref name="to"/>, and starts the next one there.</summary>
    public void Write(IBufferWriter<byte> output, PartitionName name, long epoch, long to, ReadOnlySpan<byte> prefixSha256)
    {
        var header = new AdvanceHeader { Name = name, Epoch = epoch, From = From, To = to, PrefixSha256 = prefixSha256, Words = Words };
        StoreCommand.WriteAdvance(output, header, _letters, _words);
        _words.Clear();
        _letters.Clear();
        (From, Words, _size) = (to, 0, FixedSize);
    }
}
