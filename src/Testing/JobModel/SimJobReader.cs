using System.Buffers;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// A reader of one partition of a drawn job on one node's process: opens it, keeps some commands in flight, goes on from where the partition stands when one is declined, and ends when a newer one took over or
/// an answer is lost.
/// </summary>
internal sealed class SimJobReader(Simulation simulation, JobBuild build, JobInputs inputs, SimNode node, int source, int partition, SimRandom random)
{
    private readonly ArrayBufferWriter<byte> _command = new();
    private readonly int _life = node.Life;
    private readonly int _window = random.Between(1, 8);
    private readonly int _most = random.Chance(0.2) ? 40 : random.Between(1, 8);
    private ModelReader? _reader;
    private JobReply? _restart;
    private int _inFlight;
    private long _waitUntil;
    private bool _isOpening;
    private bool _isDeclined;

    /// <summary>Where it runs.</summary>
    public SimNode Node => node;

    /// <summary>Which source it reads.</summary>
    public int Source => source;

    /// <summary>Which of its partitions.</summary>
    public int Partition => partition;

    /// <summary>Whether it has nothing more to do.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The last command proposed, for a client that sends things twice.</summary>
    public byte[]? LastCommand { get; private set; }

    /// <summary>Goes on by one proposal, if it can.</summary>
    public void Step()
    {
        if (node.Replica is null || node.Life != _life)
            IsOver = true;
        if (IsOver || _isOpening || _inFlight >= _window)
            return;
        if (_restart is { } stands)
        {
            if (_inFlight > 0 || simulation.Now < _waitUntil)
                return; // They begin behind what was declined, and are declined too.
            (_reader, _restart) = (new(build, inputs, source, partition, stands), null);
        }

        if (_reader is null)
        {
            JobCommand.WriteOpen(_command, build.Job, source, JobSpec.PartitionName(partition));
            _isOpening = true;
            Ask(OnOpened);
        }
        else if (!_reader.IsAtEnd)
        {
            _reader.Take(_command, _isDeclined ? 1 : random.Between(1, _most));
            _inFlight++;
            Ask(OnAdvanced);
        }
        else if (_inFlight == 0)
        {
            IsOver = true;
        }
    }

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
        if (Read(answer) is not { Problem: JobProblem.None } reply)
        {
            IsOver = true;
            return;
        }

        simulation.Counts.Add("job partition opened");
        _reader = new(build, inputs, source, partition, reply);
    }

    private void OnAdvanced(Answer answer)
    {
        _inFlight--;
        var reply = Read(answer);
        switch (reply?.Problem)
        {
            case JobProblem.None:
                _isDeclined = false;
                break;
            case JobProblem.StateFull or JobProblem.SinkFull:
                // Somebody must make room: the same records, one by one, are for later.
                (_restart, _isDeclined, _waitUntil) = (reply, true, simulation.Now + (1_000_000L * random.Between(5, 100)));
                break;
            case JobProblem.Busy or JobProblem.WrongPosition:
                _restart = reply;
                break;
            default:
                IsOver = true;
                break;
        }
    }

    private JobReply? Read(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return null;
        var reply = JobReply.TryRead(answer.Reply.Span) ?? throw new ViolationException("SoundReplies", "The reply to a reader of a job cannot be read.");
        simulation.Counts.Add($"job reply {reply.Problem}");
        return reply;
    }
}
