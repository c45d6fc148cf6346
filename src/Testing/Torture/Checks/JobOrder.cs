namespace RaftStream.Testing;

/// <summary>
/// The order in which the log took the batches of a job, by the sink that has its records one by one. A batch is one command, so that its records stand together and in their order; where they do not, something was lost,
/// doubled or mixed up.
/// </summary>
internal sealed class JobOrder
{
    private JobOrder(IReadOnlyList<JobBatch> batches, string? problem) => (Batches, Problem) = (batches, problem);

    /// <summary>The batches that were taken, in their order; up to the problem where there is one.</summary>
    public IReadOnlyList<JobBatch> Batches { get; }

    /// <summary>What is wrong, in a sentence; null: nothing.</summary>
    public string? Problem { get; }

    /// <summary>Finds the order.</summary>
    /// <param name="account">What was sent.</param>
    /// <param name="taken">What the sink has.</param>
    public static JobOrder Of(JobAccount account, IReadOnlyList<JobOutput> taken)
    {
        var sent = account.Batches.ToDictionary(static batch => (batch.Source, batch.Producer, batch.First));
        var stands = account.Job.AllProducers.ToDictionary(static producer => producer, static _ => 1L);
        var order = new List<JobBatch>();
        for (var place = 0; place < taken.Count;)
        {
            var text = taken[place].Text;
            if (Owner(text) is not { } owner || !stands.TryGetValue((owner.Source, owner.Producer), out var next))
                return new(order, $"Record {text} was taken, and nobody sent it.");
            if (owner.Sequence != next)
                return new(order, $"Record {text} was taken as number {place + 1}: it has sequence {owner.Sequence} of its producer, of which {next} must be next; what lies between was lost, or the record counts twice.");
            if (!sent.TryGetValue((owner.Source, owner.Producer, next), out var batch))
                return new(order, $"Record {text} was taken, and nobody sent it.");
            var wrong = Enumerable.Range(0, batch.Records.Count).FirstOrDefault(record => place + record >= taken.Count || taken[place + record].Text != batch.Records[record].ToString(), -1);
            if (wrong >= 0)
                return new(order, $"Of {batch}, which were sent at once, {batch.Records[wrong]} was not taken: {(place + wrong < taken.Count ? taken[place + wrong].Text : "nothing")} stands in its place.");
            order.Add(batch);
            stands[(owner.Source, owner.Producer)] = next + batch.Records.Count;
            place += batch.Records.Count;
        }

        return new(order, null);
    }

    private static (int Source, int Producer, long Sequence)? Owner(string text)
    {
        try
        {
            return TortureJob.OwnerOf(ModelRecord.Parse(text).Number);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
