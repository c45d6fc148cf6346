using System.Buffers;

namespace RaftStream.Hosting.Streams;

/// <summary>How it ended that lines were handed in.</summary>
/// <param name="Outcome">Of the command; <see cref="Outcome.Applied"/> also where the job declined it.</param>
/// <param name="Refusal">Why there was none.</param>
/// <param name="Declined">Why the job took nothing in; <see cref="JobProblem.WrongPosition"/> for a gap, <see cref="JobProblem.NotFound"/> where it has not begun.</param>
/// <param name="Problem">That in one sentence; null where it did not decline.</param>
/// <param name="Sequence">Up to where the producer's lines count; 0 where that is not known.</param>
/// <param name="Taken">How many lines did not count before.</param>
/// <param name="Position">The entry that says so.</param>
internal readonly record struct IngestEnd(Outcome Outcome, Refusal Refusal, JobProblem Declined, string? Problem, long Sequence, int Taken, LogPosition Position);

/// <summary>
/// Takes in lines that producers number from 1, each line once: runs the part of the topology in front of the log, gets the command to the leader, and passes over what counts already. For all ports, which only translate. Any thread.
/// </summary>
internal sealed class StreamIngest(NodeHandle handle, LeaderCommands commands, JobHostedService jobs, TimeProvider time, ILogger<StreamIngest> logger)
{
    /// <summary>Takes in lines of which the first has that sequence, until they count, are declined, or it is cancelled.</summary>
    public async ValueTask<IngestEnd> TakeAsync(IngestPlace place, string producer, long first, string[] lines, CancellationToken cancellationToken)
    {
        var figures = jobs.FiguresOf(place.Job);
        var (now, came) = (time.GetUtcNow().ToUnixTimeMilliseconds(), time.GetTimestamp());
        var (skipped, last) = (0, first - 1 + lines.Length);
        while (true)
        {
            var rest = new ArraySegment<string>(lines, skipped, lines.Length - skipped);
            byte[] command;
            long latest;
            try
            {
                command = place.Source.Take(place.Job, producer, first + skipped, rest, now, out latest)!;
            }
            catch (JobCodeException problem)
            {
                // Whoever sends hears of it, and so does whoever runs this node: it is the job that has to be mended.
                logger.LogError(problem, "Job {Job} cannot take in what producer {Producer} hands in to {Source}: {Sentence}", place.Job.Name, producer, place.Source.Name, problem.Message);
                return new(Outcome.Applied, Refusal.None, JobProblem.Malformed, problem.Message, 0, 0, default);
            }

            figures?.Owed();
            var answer = await commands.ProposeAsync(command, cancellationToken);
            figures?.Settled();
            if (answer.Outcome != Outcome.Applied)
                return new(answer.Outcome, answer.Refusal, JobProblem.None, null, 0, 0, answer.Position);
            var reply = JobReply.TryRead(answer.Reply.Span) ?? new(JobProblem.Malformed, 0, default, 0);
            if (reply.Problem == JobProblem.None)
            {
                figures?.Committed(rest.Count, time.GetElapsedTime(came), latest, answer.Position);
                return new(Outcome.Applied, Refusal.None, JobProblem.None, null, last, rest.Count, answer.Position);
            }

            if (reply.Problem != JobProblem.WrongPosition || ProducerPosition.SequenceOf(reply.Position) is not { } stands)
                return Declined(reply.Problem == JobProblem.WrongPosition ? JobProblem.Malformed : reply.Problem, answer.Position);
            if (stands >= last)
                return new(Outcome.Applied, Refusal.None, JobProblem.None, null, stands, 0, answer.Position);
            if (stands < first - 1)
                return new(Outcome.Applied, Refusal.None, JobProblem.WrongPosition, $"The last line of producer '{producer}' that counts has sequence {stands}, and these begin at {first}: send those between first.", stands, 0, answer.Position);
            skipped = (int)(stands - first + 1);
        }
    }

    /// <summary>Up to where a producer's lines count, in real-time order: 0 for one that has sent none.</summary>
    public async ValueTask<IngestEnd> FindAsync(IngestPlace place, string producer, CancellationToken cancellationToken)
    {
        if (handle.Running is not { } running)
            return new(Outcome.Rejected, Refusal.Stopped, JobProblem.None, null, 0, 0, default);
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WritePartition(query, place.Job.Name, place.Source.Name, producer);
        var answer = await running.Node.ReadAsync(query.WrittenMemory, ReadConsistency.Linearizable, cancellationToken);
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, JobProblem.None, null, 0, 0, answer.Position);
        if (PartitionAnswer.Read(answer.Reply.Span) is not { } at)
            return Declined(JobProblem.NotFound, answer.Position);
        return ProducerPosition.SequenceOf(at) is { } stands
            ? new(Outcome.Applied, Refusal.None, JobProblem.None, null, stands, 0, answer.Position)
            : Declined(JobProblem.Malformed, answer.Position);
    }

    private static IngestEnd Declined(JobProblem problem, LogPosition position) =>
        new(Outcome.Applied, Refusal.None, problem, problem == JobProblem.NotFound ? "The job has not begun yet: try again." : JobProblems.Sentence(problem), 0, 0, position);
}
