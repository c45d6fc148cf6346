using System.Buffers;
using System.Security.Cryptography;

namespace RaftStream.StreamStateMachine;

/// <summary>Where a reader is in its source.</summary>
internal enum ReaderState : byte
{
    /// <summary>In the part that is counted already: only hashed.</summary>
    Skipping = 0,

    /// <summary>Behind it: counting.</summary>
    Counting = 1,

    /// <summary>The source does not start with what was counted, or is shorter. The end.</summary>
    DifferentSource = 2,

    /// <summary>The source has ended and every command was taken. The end.</summary>
    Complete = 3,
}

/// <summary>What opening a partition told a reader.</summary>
/// <param name="Name">The partition.</param>
/// <param name="Epoch">The reader's epoch.</param>
/// <param name="Offset">Bytes of the source that are counted.</param>
/// <param name="PrefixSha256">SHA-256 of those bytes, 32 of them.</param>
internal sealed record PartitionTicket(PartitionName Name, long Epoch, long Offset, ReadOnlyMemory<byte> PrefixSha256);

/// <summary>A command that a reader gave, in numbers.</summary>
internal readonly record struct CountedBatch(long From, long To, long Words, int DeadLetters);

/// <summary>
/// Turns the bytes of a source into Advance commands: push bytes in, take commands out. No I/O, no task, no clock, and where batches end
/// depends on the source, the limits and the starting offset, never on how the bytes were cut into pieces: the same source gives the same
/// commands. Owned by one ingest.
/// </summary>
internal sealed class WordCountReader : IDisposable
{
    private readonly PartitionTicket _ticket;
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _hash = new byte[StoreLimits.Sha256Bytes];
    private readonly WordTokenizer _tokenizer;
    private readonly WordCountBatcher _batcher;
    private long _skipped;
    private bool _ended;

    /// <summary>A reader that stands before the first byte of its source.</summary>
    public WordCountReader(PartitionTicket ticket, BatchLimits limits)
    {
        _ticket = ticket;
        _tokenizer = new(ticket.Offset);
        _batcher = new(limits, ticket.Offset);
        Compare();
    }

    /// <summary>Where it is.</summary>
    public ReaderState State { get; private set; }

    /// <summary>Whether a command waits to be taken; until then no more bytes are.</summary>
    public bool HasCommand { get; private set; }

    /// <summary>
    /// Reads on, up to the next command. Call it again with what it did not take, in front of what follows: at the end of a piece up to
    /// three bytes of an incomplete character may be left over.
    /// </summary>
    /// <param name="bytes">What follows the bytes taken so far.</param>
    /// <param name="isLast">Whether the source ends with them.</param>
    /// <returns>How many bytes were taken.</returns>
    public int Push(ReadOnlySpan<byte> bytes, bool isLast)
    {
        if (HasCommand || State is ReaderState.DifferentSource or ReaderState.Complete)
            return 0;
        var taken = State == ReaderState.Skipping ? Skip(bytes) : 0;
        if (State == ReaderState.Counting)
            taken += Count(bytes[taken..], isLast);
        if (!isLast || HasCommand || taken < bytes.Length)
            return taken;
        if (State == ReaderState.Skipping)
            State = ReaderState.DifferentSource;
        else if (State == ReaderState.Counting)
            End();
        return taken;
    }

    /// <summary>Writes the command that waits, and goes on behind it.</summary>
    public CountedBatch Take(IBufferWriter<byte> output)
    {
        Invariant.Check(HasCommand, "a command is taken only when there is one");
        var batch = new CountedBatch(_batcher.From, _tokenizer.Offset, _batcher.Words, _batcher.DeadLetters);
        _sha256.GetCurrentHash(_hash);
        _batcher.Write(output, _ticket.Name, _ticket.Epoch, batch.To, _hash);
        HasCommand = false;
        if (_ended)
            State = ReaderState.Complete;
        return batch;
    }

    /// <inheritdoc/>
    public void Dispose() => _sha256.Dispose();

    private int Skip(ReadOnlySpan<byte> bytes)
    {
        var part = bytes[..(int)Math.Min(bytes.Length, _ticket.Offset - _skipped)];
        _sha256.AppendData(part);
        _skipped += part.Length;
        Compare();
        return part.Length;
    }

    /// <summary>At the committed offset, decides whether this is the source that was counted up to there.</summary>
    private void Compare()
    {
        if (_skipped < _ticket.Offset)
            return;
        _sha256.GetCurrentHash(_hash);
        State = _hash.AsSpan().SequenceEqual(_ticket.PrefixSha256.Span) ? ReaderState.Counting : ReaderState.DifferentSource;
    }

    /// <summary>Counts until a batch is full or the bytes end, and hashes exactly what was consumed: so the hash at a command's end is that of its prefix.</summary>
    private int Count(ReadOnlySpan<byte> bytes, bool isLast)
    {
        var taken = 0;
        while (!HasCommand)
        {
            var kind = _tokenizer.Read(bytes[taken..], isLast, _batcher.RoomAt(_tokenizer.Offset), out var consumed);
            taken += consumed;
            if (kind == TokenKind.None)
                break;
            if (kind == TokenKind.Word)
                _batcher.Add(_tokenizer.Word);
            else if (kind == TokenKind.TooLong)
                _batcher.Add(_tokenizer.DeadLetter);
            HasCommand = _batcher.RoomAt(_tokenizer.Offset) <= 0;
        }

        _sha256.AppendData(bytes[..taken]);
        return taken;
    }

    private void End()
    {
        _ended = true;
        HasCommand = _tokenizer.Offset > _batcher.From;
        if (!HasCommand)
            State = ReaderState.Complete;
    }
}
