using System.Buffers;

namespace RaftStream.Testing;

/// <summary>Draws what the log is told of outputs and dead letters by those who are late, outdated or mistaken, and has dead letters go in again.</summary>
internal sealed class ModelHands(JobSpec spec, Job job, HandedOnOracle oracle, SimRandom random)
{
    private const long Nowhere = 1_000_000_000;

    private int _replays = 25;
    private int _discards = 3;

    /// <summary>A command that moves nothing, or has a dead letter go in again or be forgotten. False: there is none at the moment.</summary>
    public bool TryDraw(IBufferWriter<byte> command)
    {
        if (random.Chance(0.4))
            return TryDrawLetter(command);
        if (oracle.Sinks.Count == 0)
            return false;
        var sink = oracle.Sinks[random.Below(oracle.Sinks.Count)];
        var isOfBefore = random.Chance(0.5);
        var epoch = isOfBefore ? Math.Max(0, oracle.Term - random.Between(1, 2)) : oracle.Term;
        var stale = random.Between((int)Math.Max(-1, sink.First - 3), (int)sink.First - 1);
        switch (random.Below(5))
        {
            case 0:
                JobCommand.WriteAcknowledge(command, job, sink.Node.Id, stale);
                break;
            case 1:
                JobCommand.WriteAcknowledge(command, job, sink.Node.Id, Nowhere);
                break;
            case 2:
                JobCommand.WriteRefuse(command, job, sink.Node.Id, isOfBefore ? sink.First : stale, sink.First, epoch, "It is too late to say so.");
                break;
            case 3 when sink.Again.Count > 0:
                JobCommand.WriteResent(command, job, sink.Node.Id, isOfBefore ? sink.Again.Min : Nowhere, epoch, random.Chance(0.5) ? "" : "It is too late to say so.");
                break;
            default:
                JobCommand.WriteResent(command, job, sink.Node.Id, Nowhere, epoch, "");
                break;
        }

        return true;
    }

    /// <summary>The newest letters go in again most often: also those that are none any more.</summary>
    private bool TryDrawLetter(IBufferWriter<byte> command)
    {
        if (oracle.Letters == 0)
            return false;
        var letter = Math.Max(1, oracle.Letters - random.Below(6));
        if (random.Chance(0.1) && _discards > 0)
        {
            _discards--;
            JobCommand.WriteDiscard(command, job, letter);
            return true;
        }

        // A job that is behind may be busy, which only it knows.
        if (_replays == 0 || (spec.IsSlow && oracle.IsOfRecord(letter)))
            return false;
        _replays--;
        JobCommand.WriteReplay(command, job, letter);
        return true;
    }
}
