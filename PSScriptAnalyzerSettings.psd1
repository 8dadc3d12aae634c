# What `./build.ps1 Analyze` holds the scripts to. Every finding fails it.
@{
    Severity            = @('Error', 'Warning', 'Information')
    IncludeDefaultRules = $true

    ExcludeRules        = @(
        # build.ps1 writes for its user; nothing reads its output.
        'PSAvoidUsingWriteHost'
    )

    Rules               = @{
        PSUseCompatibleSyntax              = @{ Enable = $true; TargetVersions = @('5.1', '7.4') }
        PSAvoidLongLines                   = @{ Enable = $true; MaximumLineLength = 180 }
        PSAvoidSemicolonsAsLineTerminators = @{ Enable = $true }
        PSPlaceOpenBrace                   = @{ Enable = $true; OnSameLine = $true; NewLineAfter = $true; IgnoreOneLineBlock = $true }
        PSPlaceCloseBrace                  = @{ Enable = $true; NewLineAfter = $true; IgnoreOneLineBlock = $true; NoEmptyLineBefore = $true }
        PSUseConsistentIndentation         = @{ Enable = $true; Kind = 'space'; IndentationSize = 4; PipelineIndentation = 'IncreaseIndentationForFirstPipeline' }
        PSUseConsistentWhitespace          = @{ Enable = $true; CheckParameter = $true; IgnoreAssignmentOperatorInsideHashTable = $true }
    }
}
