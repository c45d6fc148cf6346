namespace RaftStream.Hosting.Security;

/// <summary>Who asks, as far as this node has found out.</summary>
/// <param name="Name">For people and for limits: that of the token, or of the certificate's subject.</param>
/// <param name="Role">What it may do.</param>
internal sealed record Principal(string Name, AccessRole Role)
{
    /// <summary>Whoever asks where nothing is configured by which they could be told apart.</summary>
    public static readonly Principal Anyone = new("anyone", AccessRole.Admin);

    /// <summary>Whether it may do what needs that role.</summary>
    public bool May(AccessRole needed) => Role >= needed;
}
