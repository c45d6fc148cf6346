using RaftStream.StreamStateMachine;

namespace RaftStream.Samples;

/// <summary>
/// The same count as map, combine and reduce: words are dealt out to four partitions by their hash, each batch is combined at the reader, each partition is reduced by itself and keeps its words in order. A sorted merge of the partitions is the
/// output.
/// </summary>
public sealed class ReducedWordsJob
{
    /// <summary>How many reducers there are.</summary>
    public const int Partitions = 4;

    public ReducedWordsJob(string path)
    {
        var builder = new StreamBuilder("reduced-words");
        var mapped = builder.From("text", Sources.Lines(path)).FlatMap(WordCountJob.Words).PartitionBy(Partitioning.Hash<string>(Partitions, word => word));
        Reduced = mapped.ToStream()
            .KeyBy(record => (record.Key, record.Value), KeyCodecs.Pair(KeyCodecs.Int32, KeyCodecs.Text))
            .Combined().Count("reduced");
        Job = builder.Build();
    }

    public Job Job { get; }

    /// <summary>By partition, then word.</summary>
    public Table<(int Partition, string Word), long> Reduced { get; }

    /// <summary>Partitions that are sorted, as one that is: the merge that ends a MapReduce job.</summary>
    public static IEnumerable<(string Word, long Count)> Merge(IEnumerable<IEnumerable<(string Word, long Count)>> partitions)
    {
        var heads = new PriorityQueue<IEnumerator<(string Word, long Count)>, string>(StringComparer.Ordinal);
        foreach (var partition in partitions)
        {
            var head = partition.GetEnumerator();
            if (head.MoveNext())
                heads.Enqueue(head, head.Current.Word);
        }

        while (heads.TryDequeue(out var head, out _))
        {
            yield return head.Current;
            if (head.MoveNext())
                heads.Enqueue(head, head.Current.Word);
        }
    }
}
