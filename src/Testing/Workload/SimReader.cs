using System.Buffers;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// A reader of the text on one node's process, as an ingest runs it: opens the partition, then keeps a few commands in flight until the
/// text ends or an answer forbids to go on.
/// </summary>
internal sealed class SimReader(Simulation simulation, TextSource text, SimNode node, int window) : IDisposable
{
    /// <summary>The partition that all readers count.</summary>
    public static readonly PartitionName Partition = new("sim", "text");

    private static readonly BatchLimits Limits = new(24, 256, 16 * 1024);

    private readonly ArrayBufferWriter<byte> _command = new();
    private readonly int _life = node.Life;
    private WordCountReader? _reader;
    private int _pushed;
    private int _inFlight;
    private bool _isOpening;

    /// <summary>Where it runs.</summary>
    public SimNode Node => node;

    /// <summary>Whether it has nothing more to do.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The last command proposed, for a client that sends things twice.</summary>
    public byte[]? LastCommand { get; private set; }

    /// <summary>Goes on by one proposal, if it can.</summary>
    public void Step()
    {
        if (node.Replica is null || node.Life != _life)
            IsOver = true;
        if (IsOver || _isOpening || _inFlight >= window)
            return;
        if (_reader is null)
        {
            StoreCommand.WriteOpenPartition(_command, Partition);
            _isOpening = true;
            Ask(OnOpened);
            return;
        }

        _pushed += _reader.Push(text.Bytes[_pushed..], isLast: true);
        if (_reader.HasCommand)
        {
            _reader.Take(_command);
            _inFlight++;
            Ask(OnAdvanced);
        }
        else if (_inFlight == 0)
        {
            simulation.Counts.Add(_reader.State == ReaderState.Complete ? "text counted to its end" : "reader refused");
            ViolationException.Require(_reader.State == ReaderState.Complete, "SameSource", $"A reader of the same text is told that it is another one ({_reader.State}).");
            IsOver = true;
        }
    }

    public void Dispose() => _reader?.Dispose();

    private void Ask(Action<Answer> answered)
    {
        var command = _command.WrittenSpan.ToArray();
        _command.ResetWrittenCount();
        LastCommand = command;
        if (!node.Ask(new(RequestKind.Propose, command, answered)))
            IsOver = true;
    }

    private void OnOpened(Answer answer)
    {
        _isOpening = false;
        if (!Accept(answer, out var reply))
            return;
        simulation.Counts.Add("reader opened");
        _reader = new(new(Partition, reply.Epoch, reply.Offset, reply.PrefixSha256), Limits);
    }

    private void OnAdvanced(Answer answer)
    {
        _inFlight--;
        Accept(answer, out _);
    }

    private bool Accept(in Answer answer, out PartitionReply reply)
    {
        reply = new(StoreProblem.None, 0, 0, [], 0, 0);
        if (answer.Outcome == Outcome.Applied)
        {
            reply = PartitionReply.TryRead(answer.Reply.Span)
                ?? throw new ViolationException("SoundReplies", "The reply to a reader cannot be read.");
            if (reply.Problem == StoreProblem.None)
                return true;
            simulation.Counts.Add($"advance declined: {reply.Problem}");
        }

        IsOver = true;
        return false;
    }
}
