using System.Buffers;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// Hands a sink's outputs on from one node's process in one term, as the product's own does: looks after a round of the leader, gives the oldest outputs to the receiver, and tells the log what became of them. What it
/// tells may come late or twice.
/// </summary>
internal sealed class SimHandOn(JobWorkload workload, Simulation simulation, ModelReceiver receiver, SimNode node, SimRandom random)
{
    private const string Reason = "The receiver does not want it.";

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly int _life = node.Life;
    private readonly long _epoch = node.Replica!.Consensus.Core.Term.Value;
    private readonly int _limit = random.Between(1, 12);
    private List<SinkOutput>? _onItsWay;
    private bool _isReplay;
    private long _arrivesAt;
    private long _takenUpTo;
    private long _pauseUntil;
    private int _inVain;
    private bool _isAsking;

    /// <summary>Where it runs.</summary>
    public SimNode Node => node;

    /// <summary>Whose outputs.</summary>
    public ModelReceiver Receiver => receiver;

    /// <summary>Whether its term, or its process, is over.</summary>
    public bool IsOver => node.Life != _life || node.Replica is not { } replica || !replica.Consensus.IsReady || replica.Consensus.Core.Term.Value != _epoch;

    /// <summary>Whether nothing comes of it any more: what is on its way arrives whoever leads meanwhile.</summary>
    public bool IsGone => IsOver && _onItsWay is null;

    private RefHandedOn Sink => receiver.Sink;

    /// <summary>Goes on, if it can. It asks for nothing where its own replica has nothing that waits.</summary>
    public void Step()
    {
        if (_onItsWay is { } batch)
        {
            if (simulation.Now < _arrivesAt)
                return;
            _onItsWay = null;
            if (_isReplay)
                ArriveAgain(batch[0]);
            else
                Arrive(batch);
            return;
        }

        if (IsOver || _isAsking || simulation.Now < _pauseUntil || workload.Instance(node) is not { } job)
            return;
        if (job.Context.Outputs.WaitingAt(Sink.Node) == 0 && !job.Context.Resends.TryNext(Sink.Node, 0, out _, out _, out _))
            return;
        JobQuery.WriteResends(_bytes, job.Job.Name, Sink.Sink.Name, 1);
        Ask(RequestKind.Read, OnResends);
    }

    private void OnResends(Answer answer)
    {
        if (Read(answer) is not { } again)
            return;
        if (again.Count > 0)
        {
            Send(again, isReplay: true);
            return;
        }

        JobQuery.WriteOutputs(_bytes, workload.Job.Name, Sink.Sink.Name, 0, workload.IsActive ? _limit : DeliveryRules.MostOutputs);
        Ask(RequestKind.ReadLocal, OnOutputs);
    }

    private void OnOutputs(Answer answer)
    {
        if (Read(answer) is not { Count: > 0 } waiting || IsOver)
            return;
        if (waiting[0].Sequence <= _takenUpTo)
        {
            JobCommand.WriteAcknowledge(_bytes, workload.Job, Sink.Node.Id, _takenUpTo);
            Propose();
            return;
        }

        // What is refused is told of by itself.
        Send([.. waiting.TakeWhile((output, place) => place == 0 || ModelReceiver.Wants(output.Sequence))], isReplay: false);
    }

    private void Send(List<SinkOutput> batch, bool isReplay)
    {
        var isSlow = workload.IsActive && random.Chance(0.3);
        (_onItsWay, _isReplay, _arrivesAt) = (batch, isReplay, simulation.Now + (isSlow ? 1_000_000L * random.Between(1, 1500) : 0));
    }

    private void Arrive(List<SinkOutput> batch)
    {
        var (first, last) = (batch[0].Sequence, batch[^1].Sequence);
        switch (receiver.Take(_epoch, batch))
        {
            case ReceiverAnswer.Taken:
                (_takenUpTo, _inVain) = (last, 0);
                JobCommand.WriteAcknowledge(_bytes, workload.Job, Sink.Node.Id, last);
                break;
            case ReceiverAnswer.Refused:
                JobCommand.WriteRefuse(_bytes, workload.Job, Sink.Node.Id, first, first, _epoch, Reason);
                break;
            case null when ++_inVain > 2 && workload.IsActive:
                _inVain = 0;
                JobCommand.WriteRefuse(_bytes, workload.Job, Sink.Node.Id, first, last, _epoch, "Nobody answers.");
                break;
            default:
                Pause();
                return;
        }

        Propose();
    }

    private void ArriveAgain(SinkOutput again)
    {
        switch (receiver.TakeAgain(_epoch, again))
        {
            case ReceiverAnswer.Taken:
                JobCommand.WriteResent(_bytes, workload.Job, Sink.Node.Id, again.Sequence, _epoch, "");
                break;
            case ReceiverAnswer.Refused:
                JobCommand.WriteResent(_bytes, workload.Job, Sink.Node.Id, again.Sequence, _epoch, Reason);
                break;
            default:
                Pause();
                return;
        }

        Propose();
    }

    private void Pause() => _pauseUntil = simulation.Now + (1_000_000L * random.Between(1, workload.IsActive ? 200 : 20));

    /// <summary>A process that has ended tells nothing; one that does not lead any more tells whoever does.</summary>
    private void Propose()
    {
        if (node.Life != _life)
        {
            _bytes.ResetWrittenCount();
            return;
        }

        if (workload.IsActive && (IsOver || random.Chance(0.25)))
            workload.TellLater(_bytes.WrittenSpan.ToArray(), random.Between(1, 2000));
        Ask(RequestKind.Propose, answer => workload.OnTold(answer));
    }

    private void Ask(RequestKind kind, Action<Answer> answered)
    {
        var bytes = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        _isAsking = node.Ask(new(kind, bytes, answer =>
        {
            _isAsking = false;
            answered(answer);
        }));
    }

    private List<SinkOutput>? Read(in Answer answer) => answer.Outcome == Outcome.Applied && !IsOver ? JobRows.ReadOutputs(answer.Reply.Span) : null;
}
