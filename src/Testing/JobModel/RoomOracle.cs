namespace RaftStream.Testing;

/// <summary>Judges a job that declines batches for lack of room: in its state, or at a sink whose outputs wait.</summary>
/// <remarks>
/// How many bytes a job counts is its own: whether a batch was declined for that is taken from it. What must hold is that the state had no room for all that the reference makes of that batch, each change with more bytes than
/// any has, and that the state is never above its limit by more than what goes off by itself. So nothing is declined that only changes what is there, nor while much room is left.
/// </remarks>
internal sealed class RoomOracle(JobSpec spec, JobReference reference, EventCounts counts)
{
    private const string Broken = "StateLimit";

    /// <summary>More than a batch needs for what it always changes, and any one change of it, without what is hoarded.</summary>
    private const int ChangeBytes = 400;

    /// <summary>More than what goes off by itself adds in a command.</summary>
    private const int FiredBytes = 24 * 1024;

    private readonly RefHoard? _hoard = reference.Ops.OfType<RefHoard>().FirstOrDefault();

    /// <summary>Whether a job that is not behind takes no records, for as many outputs wait as may once that has gone off which is due.</summary>
    public bool IsSinkFull(HandedOnOracle handedOn)
    {
        if (spec.IsSlow || spec.MaxWaiting == JobSpec.NoLimit || handedOn.Sinks.Count == 0)
            return false;
        var mark = reference.Undo.Mark;
        reference.Fire();
        var isFull = handedOn.Sinks.Any(sink => sink.Sink.Outputs.Count - sink.First + 1 >= spec.MaxWaiting);
        reference.Undo.RollbackTo(mark);
        counts.Add("job batch declined at a full sink", isFull ? 1 : 0);
        return isFull;
    }

    /// <summary>Whether a job with a small limit declined a command that it would have taken otherwise.</summary>
    /// <param name="instance">The job behind it.</param>
    /// <param name="isTaken">Whether it took it.</param>
    /// <param name="isOfRecord">Whether a record comes in by it.</param>
    public bool Declines(JobInstance instance, bool isTaken, bool isOfRecord = false)
    {
        if (!spec.IsTight || isTaken)
            return false;
        var (room, needs) = (spec.MaxState - instance.Tree.Bytes, isOfRecord ? FiredBytes + _hoard!.Spec.Padding : ChangeBytes);
        ViolationException.Require(room < needs, Broken, $"A command was declined that needs fewer than {needs} bytes, where {room} are left of {spec.MaxState}.");
        counts.Add("job command declined by a full state");
        return true;
    }

    /// <summary>A batch that fits came to a job with a small limit.</summary>
    /// <param name="instance">The job behind it.</param>
    /// <param name="isTaken">Whether it took it.</param>
    /// <param name="advance">Has the reference take it.</param>
    public void Advance(JobInstance instance, bool isTaken, Action advance)
    {
        var (mark, known, fresh) = (reference.Undo.Mark, _hoard!.Known, _hoard.New);
        advance();
        var (bytes, room) = (instance.Tree.Bytes, spec.MaxState - instance.Tree.Bytes);
        (known, fresh) = (_hoard.Known - known, _hoard.New - fresh);
        if (isTaken)
        {
            ViolationException.Require(room > -FiredBytes, Broken, $"The state has {bytes} bytes and may have {spec.MaxState}.");
            counts.Add("job batch taken by a full state", known > 0 && fresh == 0 && room < _hoard.Spec.Padding ? 1 : 0);
            return;
        }

        var needs = ((long)fresh * (_hoard.Spec.Padding + ChangeBytes)) + ((reference.Undo.Mark - mark + 1) * ChangeBytes);
        reference.Undo.RollbackTo(mark);
        ViolationException.Require(room < needs, Broken, $"A batch was declined that needs fewer than {needs} bytes, where {room} are left of {spec.MaxState}.");
        counts.Add("job batch declined by a full state");
    }
}
